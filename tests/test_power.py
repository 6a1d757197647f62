"""Power commands against the simulated provider and the scripted one: sent once, followed, written down."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext

import pytest
from scripted import Answer, broken, page, says

from vmgen_analytics import Archive, power
from vmgen_analytics.api import Client
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import (
    ArchiveError,
    AuthenticationError,
    CommandOutcomeUnknown,
    CommandRefused,
    Conflict,
    ConnectFailed,
    JobFailed,
    JobTimeout,
    ServerError,
    SettingsError,
    ValidationError,
    VMgenError,
    WaitStopped,
)
from vmgen_analytics.following import Following
from vmgen_analytics.logbook import left_sending, written_down
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.targets import Target, find

QUICK = Following(deadline_s=3, first_s=0.01, longest_s=0.03, unclear_s=2)
IMPATIENT = Following(deadline_s=0.2, first_s=0.01, longest_s=0.04, unclear_s=0.1)
COMMAND = "POST /virtual-machines/7/command"
JOBS = "GET /virtual-machines/7/jobs"
OLD = {"event": "reboot", "started_at": "2026-11-20T10:00:00.000000Z", "status": "success"}
NEW = {"event": "reboot", "started_at": "2026-11-23T12:00:00.000000Z", "status": "success"}


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


@pytest.fixture
def sandbox():
    with Sandbox(vms=4, seed=11, today="2026-11-23", months=1, job_seconds=0.05) as sandbox:
        yield sandbox


@pytest.fixture
def quick(connect, sandbox):
    return connect(sandbox, key=sandbox.key)


@pytest.fixture
def one(provider):
    """A provider with one VM."""
    vm = {"id": 7, "name": "web-1", "state": "UP", "package": "Small"}
    provider.serve(vms=[vm], jobs={7: [OLD]})
    provider.always["GET /virtual-machines/7/configuration"] = vm
    provider.always[COMMAND] = {"job_status": "success", "started_at": NEW["started_at"], "job_id": 5}
    provider.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "success"}
    return provider


def sent(sandbox):
    return sum(received.operation == "command" for received in sandbox.requests)


def log(archive):
    return archive.read("commands")[["vm_id", "command", "outcome", "reason"]].to_numpy().tolist()


@pytest.mark.parametrize("command", ["power_on", "power_off", "reboot"])
def test_a_command_is_done_when_its_job_is(sandbox, quick, archive, command):
    vm = quick.vms()[0]
    job = getattr(power, command)(quick, vm["name"], archive=archive, reason="patch day", following=QUICK)
    assert (job.outcome, job.target.vm_id, bool(job.job_id)) == ("done", vm["id"], True)
    assert quick.jobs(vm["id"])[0]["event"] == command
    assert quick.jobs(vm["id"])[0]["status"] == "success"
    assert log(archive) == [[vm["id"], command, "done", "patch day"]]
    (line,) = archive.read("commands").to_dict("records")
    assert line["job_id"] == job.job_id
    assert line["requested_at"] == job.requested_at
    assert line["finished_at"] >= line["requested_at"]
    assert sent(sandbox) == 1


@pytest.mark.parametrize("lookup", [("post",), ("get",), ("short",), ()])
@pytest.mark.parametrize("job_id", [True, False])
def test_a_job_is_followed_however_it_can_be_asked_for(connect, lookup, job_id):
    with Sandbox(vms=2, seed=3, job_lookup=lookup, command_job_id=job_id, job_seconds=0.05, months=1) as sandbox:
        client = connect(sandbox, key=sandbox.key)
        job = power.reboot(client, client.vms()[0]["id"], following=QUICK)
        assert (job.outcome, bool(job.job_id), sent(sandbox)) == ("done", job_id, 1)
        sandbox.fault("job", operation="command")
        with pytest.raises(JobFailed):
            power.reboot(client, client.vms()[0]["id"], following=QUICK)


@pytest.mark.parametrize("spelling", ["power_on", "power on"])
def test_both_spellings_end_well(connect, spelling):
    with Sandbox(vms=2, seed=3, command_spelling=spelling, job_seconds=0.05, months=1) as sandbox:
        client = connect(sandbox, key=sandbox.key)
        assert power.power_off(client, client.vms()[0]["id"], following=QUICK).outcome == "done"


@pytest.mark.parametrize(
    ("status", "job_id", "error", "outcome"),
    [("failed", True, JobFailed, "failed"), ("cancelled", False, JobFailed, "failed"),
     ("never", True, JobTimeout, "timed_out"), ("unknown", False, JobTimeout, "timed_out"),
     ("peculiar", True, JobTimeout, "timed_out")],
)  # fmt: skip
def test_what_fails_and_what_does_not_end_are_two_things(connect, archive, status, error, outcome, job_id):
    with Sandbox(vms=2, seed=3, job_seconds=0.05, command_job_id=job_id, months=1) as sandbox:
        client = connect(sandbox, key=sandbox.key)
        vm = client.vms()[0]
        sandbox.fault("job", operation="command", status=status)
        with pytest.raises(error, match=rf"reboot of {vm['name']}( \(job \d+\))? was accepted"):
            power.reboot(client, vm["id"], archive=archive, following=IMPATIENT)
        assert log(archive) == [[vm["id"], "reboot", outcome, ""]]
        assert sent(sandbox) == 1


@pytest.mark.parametrize("kind", ["lost", "truncate"])
def test_an_answer_that_was_lost_is_looked_for_and_the_command_not_repeated(sandbox, quick, archive, kind):
    vm_id = quick.vms()[0]["id"]
    sandbox.fault(kind, operation="command")
    assert power.reboot(quick, vm_id, archive=archive, following=QUICK).outcome == "done"
    assert sent(sandbox) == 1
    assert log(archive) == [[vm_id, "reboot", "done", ""]]


@pytest.mark.parametrize(
    "fault",
    [broken(), says({"message": "Something went wrong!"}, 500), says({"message": "Something went wrong!"}),
     page("<title>Login</title>"), Answer(b'{"job_'), says({}, 504)],
    ids=["reset", "500", "200 with a message", "page", "half", "504"],
)  # fmt: skip
def test_what_cannot_be_told_is_called_so(one, client, archive, fault):
    one.always[COMMAND] = fault
    with pytest.raises(CommandOutcomeUnknown, match=r"reboot of web-1 was sent once .* may have been carried out"):
        power.reboot(client, 7, archive=archive, following=IMPATIENT)
    assert one.count(COMMAND) == 1
    assert log(archive) == [[7, "reboot", "unknown", ""]]


@pytest.mark.parametrize("later", [[{**OLD, "status": "failed"}], [OLD, {**NEW, "event": "power_off"}], []])
def test_a_job_that_is_another_s_is_not_taken_for_it(one, client, later):
    one.always[COMMAND] = broken()
    one.queue(JOBS, says([OLD]))
    one.always[JOBS] = later
    with pytest.raises(CommandOutcomeUnknown):
        power.reboot(client, 7, following=IMPATIENT)


def test_a_provider_that_is_down_after_the_command_leaves_it_unknown(one, client, archive):
    one.always[COMMAND] = broken()
    one.queue(JOBS, says([OLD]))
    one.always[JOBS] = says({}, 500)
    with pytest.raises(CommandOutcomeUnknown, match="the last look failed"):
        power.reboot(client, 7, archive=archive, following=IMPATIENT)
    assert log(archive) == [[7, "reboot", "unknown", ""]]
    assert one.count(COMMAND) == 1


@pytest.mark.parametrize(
    ("answers", "error", "outcome"),
    [
        ([says({}, 500)] * 6 + [says({"job_status": "success"})], None, "done"),
        ([says({}, 500)] * 999, JobTimeout, "timed_out"),
        ([says({}, 403)] * 9, CommandOutcomeUnknown, "unknown"),
    ],
)
def test_a_look_that_fails_is_no_failure_of_the_job(one, client, archive, answers, error, outcome):
    one.queue("POST /virtual-machines/7/jobs/5", *answers)
    with pytest.raises(error, match=r"the last look failed|how it ends cannot be read") if error else nullcontext():
        power.reboot(client, 7, archive=archive, following=QUICK if error is None else IMPATIENT)
    assert log(archive) == [[7, "reboot", outcome, ""]]


@pytest.mark.parametrize("answer", [Answer(b"", 204), Answer(b"", 202), Answer(b"")], ids=["204", "202", "200"])
def test_an_acceptance_without_a_word_is_followed_in_the_list_of_jobs(one, client, answer):
    one.always[COMMAND] = answer
    one.queue(JOBS, says([OLD]), says([OLD]), says([{**NEW, "status": "running"}, OLD]))
    one.always[JOBS] = [NEW, OLD]
    assert power.reboot(client, 7, following=QUICK).outcome == "done"
    assert (one.count(COMMAND), one.count(JOBS)) == (1, 4)
    one.always[JOBS] = [OLD]
    with pytest.raises(JobTimeout, match="the provider does not show it"):
        power.reboot(client, 7, following=IMPATIENT)
    assert one.count(COMMAND) == 2


def test_a_job_that_is_not_found_yet_is_looked_for_again(one, client):
    one.queue("POST /virtual-machines/7/jobs/5", *[says({}, 404)] * 3)
    assert power.reboot(client, 7, following=QUICK).outcome == "done"
    assert (one.count(COMMAND), one.count("POST /virtual-machines/7/jobs/5")) == (1, 4)


def test_a_conflict_names_what_is_under_way_and_is_sent_once(one, client, archive):
    one.always[COMMAND] = says({"message": "Busy."}, 409)
    one.always[JOBS] = [{**NEW, "event": "power on", "status": "Running"}, {**NEW, "status": "unknown"}, OLD]
    with pytest.raises(
        Conflict, match=r"it said: Busy\).*under way: power_on since 2026-11-23T12.*'Running'.*wait_idle"
    ) as caught:
        power.reboot(client, 7, archive=archive, following=QUICK)
    assert (caught.value.status, caught.value.operation, caught.value.sent) == (409, "command", "yes")
    assert one.count(COMMAND) == 1
    assert log(archive) == [[7, "reboot", "refused", ""]]
    one.queue(JOBS, says([OLD]), *[says({}, 403)] * 2)
    with pytest.raises(Conflict, match=r"it said: Busy\)$"):
        power.reboot(client, 7, following=QUICK)


def test_a_busy_vm_can_be_waited_for(one, client, archive):
    busy = {**OLD, "event": "power_on", "status": "running"}
    one.queue(JOBS, *[says([busy])] * 3)
    one.always[JOBS] = [{**busy, "status": "success"}]
    target = find(client, 7)
    one.always["GET /virtual-machines/7/configuration"] |= {"state": "DOWN"}  # what was under way changed that
    assert power.reboot(client, target, archive=archive, wait_idle=True, following=QUICK).outcome == "done"
    assert one.count(COMMAND) == 1
    order = [received.path for received in one.received]
    assert order.index("/virtual-machines/7/command") > 4
    one.always[JOBS] = [busy]
    with pytest.raises(CommandRefused, match=r"nothing was sent.*busy after 0\.2 s with power_on since"):
        power.reboot(client, 7, archive=archive, wait_idle=True, following=IMPATIENT)
    assert one.count(COMMAND) == 1
    assert len(log(archive)) == 1


def test_waiting_goes_on_after_the_time_was_over(one, client, archive):
    one.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "running"}
    with pytest.raises(JobTimeout) as caught:
        power.reboot(client, 7, archive=archive, reason="patch day", following=IMPATIENT)
    job = pickle.loads(pickle.dumps(caught.value)).job
    assert (str(job), job.outcome) == ("reboot of web-1 (job 5)", "accepted")
    assert log(archive) == [[7, "reboot", "timed_out", "patch day"]]
    with pytest.raises(JobTimeout):
        power.wait(client, job, archive=archive, following=IMPATIENT)
    one.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "success"}
    assert power.wait(client, job, archive=archive, following=QUICK).outcome == "done"
    assert log(archive) == [[7, "reboot", "done", "patch day"]]
    (line,) = archive.read("commands").to_dict("records")
    assert (line["requested_at"], line["job_id"]) == (job.requested_at, "5")
    assert one.count(COMMAND) == 1


def test_what_was_not_waited_for_can_be_waited_for_later(one, client, archive):
    one.always[COMMAND] = {"job_status": "success", "started_at": NEW["started_at"]}
    job = power.reboot(client, 7, archive=archive, wait=False)
    one.always[JOBS] = [{**NEW, "status": "failed"}, OLD]
    with pytest.raises(JobFailed, match="reboot of web-1 was accepted and then failed"):
        power.wait(client, job, archive=archive, following=QUICK)
    assert log(archive) == [[7, "reboot", "failed", ""]]
    one.always[JOBS] = [NEW, OLD]
    assert power.wait(client, job, following=QUICK).outcome == "done"
    with pytest.raises(SettingsError, match="nothing to wait for"):
        power.wait(client, power.reboot(client, 7, dry_run=True))


def test_two_that_began_in_the_same_second_are_two(one, client):
    one.always[COMMAND] = {"job_status": "success", "started_at": OLD["started_at"]}
    one.queue(JOBS, says([OLD]), says([OLD]), says([{**OLD, "status": "running"}, OLD]))
    one.always[JOBS] = [{**OLD, "status": "failed"}, OLD]
    with pytest.raises(JobFailed):
        power.reboot(client, 7, following=QUICK)


def test_a_number_that_makes_no_address_is_no_obstacle(one, client):
    one.always[COMMAND] = {"job_status": "success", "job_id": "a/b?c", "started_at": "x"}
    one.queue(JOBS, says([OLD]))
    one.always[JOBS] = [OLD, NEW]
    assert power.reboot(client, 7, following=QUICK).outcome == "done"


@pytest.mark.parametrize(
    ("fault", "error", "outcome"),
    [(says({"message": "not now"}, 422), ValidationError, "refused"),
     (says({}, 401), AuthenticationError, "refused")],
)  # fmt: skip
def test_a_refusal_is_a_refusal(one, client, archive, fault, error, outcome):
    one.always[COMMAND] = fault
    with pytest.raises(error):
        power.reboot(client, 7, archive=archive, following=IMPATIENT)
    assert log(archive) == [[7, "reboot", outcome, ""]]


def test_what_never_left_is_not_sent(one, connect, archive):
    client = connect(one, patience=Patience(tries=1), timeouts=Timeouts(connect_s=0.2, read_s=1, attempt_s=1))

    def unreachable(*_):
        raise ConnectFailed("nothing listens there")

    client.command = unreachable
    with pytest.raises(ConnectFailed):
        power.reboot(client, 7, archive=archive, following=IMPATIENT)
    assert log(archive) == [[7, "reboot", "not_sent", ""]]


def test_not_waiting_leaves_it_accepted(one, client, archive):
    job = power.reboot(client, "web-1", archive=archive, wait=False)
    assert (job.outcome, job.job_id) == ("accepted", "5")
    (line,) = archive.read("commands").to_dict("records")
    assert (line["outcome"], line["job_id"]) == ("accepted", "5")
    assert line["finished_at"] is None or line["finished_at"] != line["finished_at"]


def test_a_dry_run_looks_and_sends_nothing(one, client, archive):
    job = power.reboot(client, "web-1", archive=archive, dry_run=True)
    assert (job.outcome, job.requested_at) == ("dry_run", None)
    assert {received.method for received in one.received} == {"GET"}
    assert archive.tables() == []


@pytest.mark.parametrize("now", [{"name": "web-2"}, {"state": "DOWN"}, {"id": 8}])
def test_a_vm_that_has_changed_is_left_alone(one, client, archive, now):
    target = find(client, 7)
    assert target == Target(7, "web-1", "UP", "", "Small")
    one.always["GET /virtual-machines/7/configuration"] = {"id": 7, "name": "web-1", "state": "UP"} | now
    with pytest.raises(CommandRefused, match="nothing was sent"):
        power.reboot(client, target, archive=archive)
    assert one.count(COMMAND) == 0
    assert archive.tables() == []


def test_a_name_that_two_have_is_none(one, client):
    one.always["GET /virtual-machines"] = [{"id": 7, "name": "web"}, {"id": 8, "name": "web"}, {"name": "odd"}]
    for vm, words in {"web": "name one by its number: 7, 8", "db": "no VM 'db'", "odd": "no number"}.items():
        with pytest.raises(CommandRefused, match=words):
            find(client, vm)


# the log


def test_the_line_stands_before_anything_is_sent(one, client, archive):
    seen = []
    real = client.command

    def spied(*words):
        seen.append(log(archive))
        return real(*words)

    client.command = spied
    power.reboot(client, 7, archive=archive, following=QUICK)
    assert seen == [[[7, "reboot", "sending", ""]]]


def test_what_cannot_be_written_down_is_not_sent(one, client, tmp_path):
    (tmp_path / "archive").write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match="nothing was sent"):
        power.reboot(client, 7, archive=Archive(tmp_path / "archive"))
    assert one.count(COMMAND) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_an_outcome_that_cannot_be_written_down_is_told(one, client, archive, monkeypatch, fails):
    real = client.command

    def spoiled(*words):
        def broken_add(*_):
            raise ArchiveError("the disk is full")

        monkeypatch.setattr(archive, "add", broken_add)
        return real(*words)

    client.command = spoiled
    if fails:
        one.always[COMMAND] = says({"message": "not now"}, 422)
        with pytest.raises(ValidationError, match="not now") as caught:
            power.reboot(client, 7, archive=archive, following=QUICK)
        assert "the disk is full" in caught.value.__notes__[0]
        return
    with pytest.raises(ArchiveError, match="reboot was sent and is done, but that cannot be written down"):
        power.reboot(client, 7, archive=archive, following=QUICK)


DYING = """
import os, sys
from vmgen_analytics import Archive, Client, power
client = Client(sys.argv[1], base_url=sys.argv[2])
client.command = lambda *_: os._exit(9)
power.reboot(client, int(sys.argv[3]), archive=Archive(sys.argv[4]), reason="dies")
"""


def test_a_process_that_dies_in_between_leaves_a_line_that_says_so(sandbox, quick, archive):
    vm_id = quick.vms()[0]["id"]
    assert left_sending(archive).empty
    words = [sys.executable, "-c", DYING, sandbox.key, sandbox.url, str(vm_id), archive.url]
    assert subprocess.run(words, check=False).returncode == 9
    power.reboot(quick, vm_id, archive=archive, following=QUICK)
    (left,) = left_sending(archive, "main").to_dict("records")
    assert (left["vm_id"], left["command"], left["reason"]) == (vm_id, "reboot", "dies")
    assert left_sending(archive, "other").empty


@pytest.mark.parametrize("reached", ["sending", "accepted"])
def test_ctrl_c_leaves_the_line_where_it_was(one, client, archive, reached):
    def interrupted():
        with written_down(client, archive, "reboot", vm_id=7) as line:
            if reached == "accepted":
                line.note("accepted", job_id="5")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert log(archive) == [[7, "reboot", reached, ""]]


def press_ctrl_c_when(is_time):
    def press():
        while not is_time():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=press)
    watcher.start()
    return watcher


def test_ctrl_c_ends_the_waiting_and_not_the_job(one, client, archive):
    one.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "running"}
    watcher = press_ctrl_c_when(lambda: one.count("POST /virtual-machines/7/jobs/5") > 1)
    began = time.monotonic()
    with pytest.raises(WaitStopped, match=r"nobody waits for reboot of web-1 \(job 5\) any more.*goes on") as caught:
        power.reboot(client, 7, archive=archive, following=Following(first_s=0.1, longest_s=60))
    assert time.monotonic() - began < 1.5
    watcher.join()
    assert isinstance(caught.value, KeyboardInterrupt)
    assert log(archive) == [[7, "reboot", "accepted", ""]]
    one.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "success"}
    assert power.wait(client, caught.value.job, archive=archive, following=QUICK).outcome == "done"
    assert log(archive) == [[7, "reboot", "done", ""]]
    assert one.count(COMMAND) == 1


def test_who_follows_in_a_thread_is_stopped_and_not_the_job(one, client, archive):
    one.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "running"}
    following = Following(first_s=30, longest_s=60, stop=threading.Event())
    stopper = threading.Timer(0.2, following.stop.set)
    stopper.start()
    with pytest.raises(WaitStopped, match=r"nobody waits for reboot of web-1 \(job 5\) any more.*goes on") as caught:
        power.reboot(client, 7, archive=archive, following=following)
    stopper.join()
    assert log(archive) == [[7, "reboot", "accepted", ""]]
    one.always["POST /virtual-machines/7/jobs/5"] = {"job_status": "success"}
    assert power.wait(client, caught.value.job, archive=archive, following=QUICK).outcome == "done"
    assert one.count(COMMAND) == 1


def test_what_was_sent_and_cannot_be_written_down_is_not_called_unsent(one, client, archive, monkeypatch):
    add, kept = archive.add, []

    def full(name, lines):
        kept.append(lines["outcome"].iloc[0])
        if len(kept) > 1:
            raise ArchiveError("no space left")
        return add(name, lines)

    monkeypatch.setattr(archive, "add", full)
    with pytest.raises(ArchiveError, match="reboot was sent and is accepted, but that cannot be written") as caught:
        power.reboot(client, 7, archive=archive, wait=False)
    assert (caught.value.sent, one.count(COMMAND)) == ("yes", 1)


def test_commands_at_once_lose_no_line(one, connect, archive):
    errors = []

    def work(number):
        try:
            client = connect(one)
            client.account()
            with written_down(client, archive, "reboot", vm_id=number) as line:
                line.note("done")
        except VMgenError as error:
            errors.append(error)

    with written_down(connect(one), archive, "reboot", vm_id=99) as line:
        line.note("done")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(log(archive)) == [[number, "reboot", "done", ""] for number in [*range(6), 99]]


def test_a_command_that_the_client_does_not_repeat_is_received_once_during_an_outage(sandbox, quick):
    vm_id = quick.vms()[0]["id"]
    sandbox.fault("status", operation="command", code=503)
    with pytest.raises(CommandOutcomeUnknown):
        power.power_off(quick, vm_id, following=IMPATIENT)
    assert sent(sandbox) == 1
    sandbox.fault("status", operation="jobs", code=503)
    with pytest.raises(ServerError):
        power.power_off(quick, vm_id, following=IMPATIENT)
    assert sent(sandbox) == 1, "without a look at the jobs before, nothing is sent"


def test_a_client_needs_no_archive(one):
    with Client("k", base_url=one.url) as client:
        assert power.reboot(client, 7, following=QUICK).outcome == "done"
