import json
from pathlib import Path

import pandas as pd
import pytest
from scripted import says

import vmgen_analytics as va
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import FETCHED, TABLES

DOCUMENTED = Path(__file__).parents[1] / "data"
PATHS = {
    "os_images": "GET /os-images",
    "ssh_keys": "GET /ssh-keys",
    "marketplace": "GET /marketplace",
    "user_data_scripts": "GET /user-data-scripts",
}
CANARY = "canary-content-91c"


def fetch(client, name):
    return getattr(va, f"fetch_{name}")(client)


def test_each_table_that_is_not_kept_has_its_fetch():
    assert [table.name for table in FETCHED] == list(PATHS)


@pytest.mark.parametrize("name", PATHS)
def test_an_empty_catalogue_is_an_empty_typed_table(provider, client, name):
    provider.always[PATHS[name]] = []
    pd.testing.assert_frame_equal(fetch(client, name), TABLES[name].frame())


def test_the_documented_examples_become_tables(provider, client):
    for name, path in PATHS.items():
        provider.always[path] = json.loads((DOCUMENTED / f"{name}.json").read_text(encoding="utf-8"))
    provider.always[PATHS["ssh_keys"]]["created_at"] = "2025-02-11T09:12:44.000000Z"  # "string" is no instant
    images, keys, market, scripts = (fetch(client, name) for name in PATHS)
    assert images.to_dict("records") == [
        {"account": "main", "os_image_id": 0, "os": "string", "bits": "string", "user_script": True, "cloud_init": True}
    ]
    assert keys.to_dict("records") == [
        {
            "account": "main",
            "ssh_key_id": 0,
            "ssh_key_name": "string",
            "created_at": pd.Timestamp("2025-02-11 09:12:44", tz="UTC"),
        }
    ]
    assert market.to_dict("records") == [
        {
            "account": "main",
            "marketplace_id": 0,
            "description": "string",
            "os_description": "string",
            "type": "user_data",
            "base64": True,
        }
    ]
    assert scripts.to_dict("records") == [
        {"account": "main", "version_id": 0, "description": "string", "type": "user_data"}
    ]


@pytest.mark.parametrize(
    ("fields", "cloud_init"),
    [({"clound_init": True}, True), ({"cloud_init": True}, True), ({"clound_init": False, "cloud_init": True}, False)],
)
def test_the_misspelt_field_may_be_mended_by_the_provider(provider, client, fields, cloud_init):
    image = {"id": 1, "os": "Debian", "bits": 64, "user_script": "true", **fields}
    provider.always[PATHS["os_images"]] = [image]
    (found,) = fetch(client, "os_images").to_dict("records")
    assert (found["cloud_init"], found["bits"], found["user_script"]) == (cloud_init, "64", True)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.filterwarnings("ignore::vmgen_analytics.errors.UnexpectedDataWarning")
def test_no_content_of_a_key_or_script_is_in_a_table_or_a_warning(provider, client, name, caplog):
    contents = {"content": CANARY, "script_content": CANARY, "key": CANARY}
    good = {"name": "a", "description": "b", "created_at": "2025-02-11T09:12:44Z", "base64": True, **contents}
    records = [{**good, "id": number, "version_id": number} for number in (1, 2, 3)]
    records[1] |= {"created_at": 7, "base64": [], "os": {}}
    provider.always[PATHS[name]] = records
    found = fetch(client, name)
    assert len(found) == 3
    assert CANARY not in found.to_csv() + repr(found) + caplog.text
    assert getattr(client, name)() == records, "but whoever asks for it has it"


@pytest.mark.parametrize("name", PATHS)
def test_a_catalogue_that_cannot_be_had_says_so(provider, client, name):
    provider.always[PATHS[name]] = says({}, 500)
    with pytest.raises(VMgenError, match=PATHS[name].split()[1]):
        fetch(client, name)


def test_the_sandbox_s_catalogue_comes_without_a_warning():
    with Sandbox(vms=1, today="2026-11-23") as sandbox, va.Client(sandbox.key, base_url=sandbox.url) as client:
        assert {name: len(fetch(client, name)) for name in PATHS} == {
            "os_images": 5,
            "ssh_keys": 2,
            "marketplace": 2,
            "user_data_scripts": 1,
        }
        images = va.fetch_os_images(client).set_index("os")
    assert images.loc["Debian 12", "cloud_init"]
    assert not images.loc["Windows Server 2022", "user_script"]
