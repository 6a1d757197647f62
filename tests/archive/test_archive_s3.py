"""The same archive in an object store: moto's S3 server, on the loopback, in a process of its own."""

import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import boto3
import pandas as pd
import pytest
from deltalake import DeltaTable
from observations import fill, usage

from vmgen_analytics import Archive, sync, vm_days
from vmgen_analytics.api import Client
from vmgen_analytics.archive import TABLES, bundle, writing
from vmgen_analytics.archive.check import check
from vmgen_analytics.archive.places import Place
from vmgen_analytics.cli.app import main
from vmgen_analytics.cli.terminal import filled
from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.restating import add_jobs, add_usage, add_vms
from vmgen_analytics.sandbox import Sandbox

SERVER = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', sys.argv[1]])"
KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
def endpoint():
    """Address of a store with the bucket ``history``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], **quiet)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait(10)


def _wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("moto's server did not start")


@pytest.fixture
def store(endpoint, monkeypatch):
    """The store, by the variables that it is known by everywhere."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1")
    where = {"LocationConstraint": "eu-central-1"}
    if "history" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket="history", CreateBucketConfiguration=where)
    yield client
    client.close()


def faults(archive):
    return [str(fault) for checked in check(archive.place, TABLES) for fault in checked.faults]


def test_sync_status_and_all_that_reads_work_in_a_store(store, tmp_path, capsys):
    there, here = Archive("s3://history/fleet"), Archive(tmp_path / "here")
    with Sandbox(vms=6, seed=1, today="2026-11-03", months=2, ticking=False) as sandbox:
        with Client(sandbox.key, base_url=sandbox.url) as client:
            for archive in (there, here):
                assert sync(client, archive).is_complete
            again = sync(client, there)
        assert {name for name, rows in again.rows.items() if rows} == set()
    for name in set(TABLES) - {"syncs"}:
        columns = [column for column in TABLES[name].columns if column != "seen_at"]
        pd.testing.assert_frame_equal(there.read(name)[columns], here.read(name)[columns])
    pd.testing.assert_frame_equal(vm_days(there, "2026-11", "2026-12"), vm_days(here, "2026-11", "2026-12"))
    assert faults(there) == []
    assert ran("status", "--archive", there.url) == 0
    assert ran("archive", "compact", "--archive", there.url) == 0
    assert ran("archive", "check", "--archive", there.url) == 0
    assert "is whole" in capsys.readouterr().out


def test_an_export_moves_between_store_and_folder(store, tmp_path):
    there, here, back = fill(Archive("s3://history/moved")), Archive(tmp_path / "here"), Archive("s3://history/back")
    bundle.export(there.place, tmp_path / "a.zip")
    bundle.restore(here.place, tmp_path / "a.zip")
    bundle.restore(back.place, tmp_path / "a.zip")
    for archive in (here, back):
        pd.testing.assert_frame_equal(archive.history("usage"), there.history("usage"))
        assert faults(archive) == []
    with pytest.raises(ArchiveError, match="is not empty"):
        bundle.restore(back.place, tmp_path / "a.zip")


def test_a_restore_that_breaks_off_leaves_nothing_in_the_store(store, tmp_path, monkeypatch):
    bundle.export(fill(Archive(tmp_path / "here")).place, tmp_path / "a.zip")
    create = bundle.create

    def breaks(place, table, parts, notes):
        create(place, table, parts, notes)
        if table.name == "syncs":
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(bundle, "create", breaks)
    with pytest.raises(ArchiveError, match="Input/output error"):
        bundle.restore(Archive("s3://history/broken").place, tmp_path / "a.zip")
    assert Archive("s3://history/broken").tables() == []


def test_a_restore_that_was_killed_is_told_and_done_again_in_the_store(store, tmp_path, monkeypatch):
    here, there = fill(Archive(tmp_path / "here")), Archive("s3://history/killed")
    bundle.export(here.place, tmp_path / "a.zip")

    def killed(place, table, parts, notes):
        if table.name == "syncs":
            raise SystemExit
        create(place, table, parts, notes)

    create = bundle.create
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "create", killed)
        patch.setattr(bundle, "take_back", lambda *_: None)
        with pytest.raises(SystemExit):
            bundle.restore(there.place, tmp_path / "a.zip")
    assert there.tables() == ["usage"]
    for ask in (lambda: faults(there), lambda: there.lock().__enter__(), lambda: filled(there)):
        with pytest.raises(ArchiveError, match=r"a restore into the archive at s3://history/killed was broken off"):
            ask()
    bundle.restore(there.place, tmp_path / "a.zip")
    assert faults(there) == []
    assert filled(there).tables() == ["usage", "syncs"]
    pd.testing.assert_frame_equal(there.history("usage"), here.history("usage"))
    names = [each["Key"] for each in store.list_objects_v2(Bucket="history", Prefix="killed/")["Contents"]]
    assert not [name for name in names if ".restoring" in name]


def test_rows_in_the_store_that_lost_their_log_are_kept(store, tmp_path):
    there = fill(Archive("s3://history/bare"))
    bundle.export(there.place, tmp_path / "a.zip")
    listed = store.list_objects_v2(Bucket="history", Prefix="bare/")["Contents"]
    logs = [each["Key"] for each in listed if "/_delta_log/" in each["Key"]]
    for key in logs:
        store.delete_object(Bucket="history", Key=key)
    with pytest.raises(ArchiveError, match=r"is not empty \(it has usage, syncs\)"):
        bundle.restore(there.place, tmp_path / "a.zip")
    with pytest.raises(ArchiveError, match="has rows of syncs, usage, and the logs"):
        filled(there)
    with pytest.raises(ArchiveError, match="its rows lie there without it: nothing is added"):
        there.add("usage", usage((1, "2026-11-03", 2.0)))
    left = [each["Key"] for each in store.list_objects_v2(Bucket="history", Prefix="bare/")["Contents"]]
    assert sorted(left) == sorted({each["Key"] for each in listed} - set(logs))


def test_a_file_that_is_gone_from_the_store_is_named(store):
    archive = fill(Archive("s3://history/damaged"))
    file = DeltaTable("s3://history/damaged/usage").file_uris()[0].removeprefix("s3://history/")
    store.delete_object(Bucket="history", Key=file)
    (fault,) = faults(archive)
    assert fault.startswith("usage, account ")
    assert fault.endswith(".parquet: the file is missing")


def test_writers_at_once_lose_and_double_nothing(store):
    """They make the table at once, and then write the same month."""
    failed = []

    def add(writer):
        try:
            for number in range(4):
                Archive("s3://history/many").add("usage", usage((writer * 10 + number, "2026-11-01", 1.0)))
        except ArchiveError as error:
            failed.append(str(error))

    writers = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    archive = Archive("s3://history/many")
    assert failed == []
    assert archive.read("usage")["vm_id"].tolist() == [w * 10 + n for w in range(3) for n in range(4)]
    assert faults(archive) == []


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def report(in_MB, hour):
    """What the provider said of a day at an hour of it, stored at noon."""
    seen_at = pd.Timestamp("2026-11-01", tz="UTC") + pd.Timedelta(hours=hour)
    return usage((1, "2026-11-01", in_MB)).assign(seen_at=seen_at, status="partial"), "main", lambda: NOON


def overtakes(monkeypatch, module, name, meanwhile):
    """Let something happen once, just before a function is called."""
    function, left = getattr(module, name), [meanwhile]

    def overtaken(*args, **named):
        if left:
            left.pop()()
        return function(*args, **named)

    monkeypatch.setattr(module, name, overtaken)


@pytest.mark.parametrize("moment", ["before its commit", "while it commits"])
@pytest.mark.parametrize(("hour", "newest"), [(9, 5.0), (11, 7.0)], ids=["an older report", "a newer report"])
def test_no_older_report_replaces_a_newer_one(store, monkeypatch, request, moment, hour, newest):
    """Of two syncs at once, the one that is slow to store had asked before the other, or after it."""
    url = f"s3://history/{request.node.callspec.id.replace(' ', '-')}"
    slow, fast = Archive(url), Archive(url)
    add_usage(slow, *report(0.5, 8))
    place = (slow, "add") if moment == "before its commit" else (writing, "_replace")
    overtakes(monkeypatch, *place, lambda: add_usage(fast, *report(5.0, 10)))
    add_usage(slow, *report(7.0, hour))
    archive = Archive(url)
    assert archive.read("usage")["in_MB"].tolist() == [newest]
    believed = {at: archive.read("usage", as_of=f"2026-11-01 {at}")["in_MB"].tolist() for at in ("08:30", "10:30")}
    assert believed == {"08:30": [0.5], "10:30": [5.0]}
    assert archive.history("usage")["in_MB"].tolist() == [0.5, 5.0, *([7.0] if newest == 7 else [])]
    assert faults(archive) == []


def test_syncs_at_once_end_with_the_newest_report(store):
    """Each of three writers stores its reports in their order; together they come in any."""
    failed = []

    def add(writer):
        try:
            for hour in range(writer, 12, 3):
                add_usage(Archive("s3://history/order"), *report(float(hour), hour))
        except ArchiveError as error:
            failed.append(str(error))

    writers = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    archive = Archive("s3://history/order")
    assert failed == []
    assert archive.read("usage")["in_MB"].tolist() == [11.0]
    told = archive.history("usage")
    assert told["in_MB"].tolist() == told["seen_at"].dt.hour.tolist(), "what was replaced is as it was said"
    assert faults(archive) == []


def test_an_older_inventory_of_a_day_does_not_replace_a_newer_one(store):
    archive = Archive("s3://history/inventory")

    def listed(state, hour):
        row = {"account": "main", "vm_id": 1, "seen_on": pd.Timestamp("2026-11-01"), "state": state}
        row["seen_at"] = pd.Timestamp("2026-11-01", tz="UTC") + pd.Timedelta(hours=hour)
        return TABLES["vms"].frame({name: [value] for name, value in row.items()}), "main", lambda: NOON

    assert [add_vms(archive, *listed(*said)) for said in (("UP", 9), ("DOWN", 11), ("UP", 10))] == [1, 1, 0]
    assert archive.read("vms")["state"].tolist() == ["DOWN"]


def test_an_older_report_of_a_job_does_not_replace_a_newer_one(store):
    archive = Archive("s3://history/jobs")
    begun = pd.Timestamp("2026-11-01", tz="UTC")

    def job(status, hour):
        row = {"account": "main", "vm_id": 1, "event": "reboot", "started_at": begun, "status": status}
        moment = begun + pd.Timedelta(hours=hour)
        row |= {"last_updated_at": moment, "seen_at": moment}
        return TABLES["jobs"].frame({name: [value] for name, value in row.items()}), "main", lambda: NOON

    for status, hour in (("queued", 1), ("done", 3), ("running", 2)):
        add_jobs(archive, *job(status, hour))
    assert archive.history("jobs")["status"].tolist() == ["queued", "done"]


@pytest.mark.parametrize(
    ("url", "unset", "sentence"),
    [
        ("s3://nowhere/x", (), "there is no such bucket; make it in the store"),
        (
            "s3://history/x",
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            "there are no credentials for it; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
        ),
        ("s3://history/x", ("AWS_ENDPOINT_URL",), "the store does not answer; look at AWS_ENDPOINT_URL"),
    ],
)
def test_what_is_wrong_with_the_store_is_one_short_sentence(store, monkeypatch, capsys, url, unset, sentence):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in unset:
        monkeypatch.delenv(name)
    if "AWS_ENDPOINT_URL" in unset:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert ran("status", "--archive", url) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told) < 250
    assert len(told.splitlines()) == 1


def ran(*words):
    with pytest.raises(SystemExit) as exited:
        main(list(words))
    return exited.value.code


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("gs://b/x", "set GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://b/x", "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_each_store_is_told_by_its_own_variables(url, keys):
    no_account = OSError("Generic error: Account must be specified, or no credentials were found")
    assert str(Place.at(url).unreadable("usage", no_account)).endswith(keys)


def test_the_engine_s_own_words_about_credentials_are_put_into_a_sentence():
    said = OSError(
        "Kernel error -> Operation not supported ↳ an error occurred while loading credentials ↳ failed to load"
    )
    told = str(Place.at("s3://b/x").unreadable("usage", said))
    assert told.endswith("set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION")


def test_the_engine_prints_nothing_of_its_own():
    """It looks at the variable when it is imported."""
    code = "import os, vmgen_analytics.archive; print(os.environ['RUST_LOG'])"
    quiet = {name: value for name, value in os.environ.items() if name != "RUST_LOG"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=quiet)
    assert run.stdout.strip() == "error"


def test_an_address_without_a_bucket_is_refused(capsys):
    assert ran("status", "--archive", "s3://") == 2
    assert capsys.readouterr().err == (
        "vmgen-analytics: the archive s3:// names no bucket: write s3://BUCKET or s3://BUCKET/FOLDER\n"
    )
