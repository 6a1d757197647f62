"""What is fetched when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import ACCOUNT
from vmgen_analytics.table import INSTANT, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

FETCHED: Sequence[Table] = (
    Table(
        "os_images",
        "an OS image that a VM can be deployed with",
        ("account", "os_image_id"),
        {
            "account": ACCOUNT,
            "os_image_id": Column("int64", "number of the image", source="id"),
            "os": Column(TEXT, "operating system"),
            "bits": Column(TEXT, "width of its machine words, as it came"),
            "user_script": Column("boolean", "whether it runs user data scripts"),
            "cloud_init": Column("boolean", "whether it has cloud-init", source="clound_init"),
        },
    ),
    Table(
        "ssh_keys",
        "an SSH key of the account, without its content",
        ("account", "ssh_key_id"),
        {
            "account": ACCOUNT,
            "ssh_key_id": Column("int64", "number of the key", source="id"),
            "ssh_key_name": Column(TEXT, "name of the key", source="name"),
            "created_at": Column(INSTANT, "when it was added"),
        },
    ),
    Table(
        "marketplace",
        "an item of the marketplace, without its script",
        ("account", "marketplace_id"),
        {
            "account": ACCOUNT,
            "marketplace_id": Column("int64", "number of the item", source="id"),
            "description": Column(TEXT, "what it installs"),
            "os_description": Column(TEXT, "operating system that it comes with"),
            "type": Column(TEXT, "kind of script, as user_data"),
            "base64": Column("boolean", "whether its script is encoded"),
        },
    ),
    Table(
        "user_data_scripts",
        "a user data script of the account, without its content",
        ("account", "version_id"),
        {
            "account": ACCOUNT,
            "version_id": Column("int64", "number of the script"),
            "description": Column(TEXT, "what its author says of it"),
            "type": Column(TEXT, "kind of script, as user_data"),
        },
    ),
)
"""Tables that are fetched when they are needed, and not kept: what they describe holds secrets."""
