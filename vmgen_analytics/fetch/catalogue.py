"""What a VM can be deployed with: images, keys, marketplace and scripts, without what is secret in them.

The contents of keys and scripts are in no table: `Client.ssh_keys`, `Client.marketplace` and
`Client.user_data_scripts` return them to whoever asks by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import whole
from vmgen_analytics.fetch.tidy import Batch, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vmgen_analytics.api import Client
    from vmgen_analytics.api.operations import Operation


def fetch_os_images(client: Client) -> pd.DataFrame:
    """Fetch the OS images that a VM can be deployed with.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``os_images``: account, os_image_id, os, bits, user_script, cloud_init.

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return _fetched(client, operations.OS_IMAGES, [_respelt(record) for record in client.os_images()])


def fetch_ssh_keys(client: Client) -> pd.DataFrame:
    """Fetch the SSH keys of the account, without their contents.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``ssh_keys``: account, ssh_key_id, ssh_key_name, created_at.

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return _fetched(client, operations.SSH_KEYS, client.ssh_keys())


def fetch_marketplace(client: Client) -> pd.DataFrame:
    """Fetch the marketplace, without its scripts.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``marketplace``: account, marketplace_id, description, os_description, type, base64.

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return _fetched(client, operations.MARKETPLACE, client.marketplace())


def fetch_user_data_scripts(client: Client) -> pd.DataFrame:
    """Fetch the user data scripts of the account, without their contents.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``user_data_scripts``: account, version_id, description, type.

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return _fetched(client, operations.USER_DATA_SCRIPTS, client.user_data_scripts())


def _fetched(client: Client, operation: Operation, records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return whole(tidy(TABLES[operation.name], operation, [Batch({}, records)], account=client.account_name))


def _respelt(image: dict[str, Any]) -> dict[str, Any]:
    """Spell a field as the provider's page does, should the provider have corrected it."""
    return {"clound_init": image["cloud_init"], **image} if "cloud_init" in image else image
