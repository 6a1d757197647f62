"""Lists that come in pages: whole or not at all."""

import pytest
from scripted import broken, cut_off, page, says

from vmgen_analytics.api import calls
from vmgen_analytics.errors import (
    APIError,
    ConnectionLost,
    IncompleteListing,
    NotFound,
    NotJSON,
    ServerError,
    TruncatedResponse,
    UnexpectedShape,
)

VMS = "GET /virtual-machines"
VM = {"id": 1, "name": "web"}


def test_pages_by_a_link_header(provider, client):
    link = f'<{provider.url}/virtual-machines?page=1>; rel="prev", <{provider.url}/virtual-machines?page=2>; rel="next"'
    provider.always[VMS] = says([VM], Link=link)
    provider.always[f"{VMS}?page=2"] = says([{"id": 2}], Link='<?page=1>; rel="prev"')
    assert [vm["id"] for vm in client.vms()] == [1, 2]


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        ({"next_cursor": "a b&c"}, "?cursor=a%20b%26c"),
        ({"next_cursor": "\ud800"}, "?cursor=%3F"),
        ({"meta": {"next_cursor": "x"}}, "?cursor=x"),
        ({"meta": {"pagination": {"page": 1, "next_page": 2}}}, "?page=2"),
        ({"next_page": 2}, "?page=2"),
    ],
)
def test_pages_by_a_cursor_or_a_number(provider, client, first, asked):
    provider.always[VMS] = {"data": [VM], **first}
    provider.always[VMS + asked] = {"data": [{"id": 2}], "next_cursor": None, "meta": {"next_page": None}}
    assert [vm["id"] for vm in client.vms()] == [1, 2]


def test_pages_without_end_end(provider, client, monkeypatch):
    monkeypatch.setattr(calls, "MAX_PAGES", 5)
    for number in range(9):
        provider.always[f"{VMS}?page={number}" if number else VMS] = {"data": [VM], "next": f"?page={number + 1}"}
    with pytest.raises(UnexpectedShape, match=r"do not end \(after 5\)"):
        client.vms()
    assert len(provider.received) == 5


def test_a_record_on_two_pages_is_one_record(provider, client):
    provider.always[VMS] = {"data": [{"id": 1}, {"id": 2, "name": "old"}], "next": "?page=2"}
    provider.always[f"{VMS}?page=2"] = {"data": [{"id": 2, "name": "new"}, {"id": 3}]}
    assert client.vms() == [{"id": 1}, {"id": 2, "name": "new"}, {"id": 3}]


@pytest.mark.parametrize(
    ("fault", "kind", "asked"),
    [(says({}, 500), ServerError, 4), (broken(), ConnectionLost, 4), (says({}, 404), NotFound, 1),
     (page("<title>x</title>"), NotJSON, 4), (cut_off([VM]), TruncatedResponse, 4), (says(7), UnexpectedShape, 1)],
)  # fmt: skip
def test_a_page_that_fails_is_an_error_and_no_short_list(provider, client, fault, kind, asked):
    provider.always[VMS] = {"data": [VM], "next": "?page=2"}
    provider.always[f"{VMS}?page=2"] = fault
    with pytest.raises(kind):
        client.vms()
    assert (provider.count(VMS), provider.count(f"{VMS}?page=2")) == (1, asked)


def test_a_page_that_fails_for_a_while_is_asked_for_again_alone(provider, client):
    provider.always[VMS] = {"data": [VM], "next": "?page=2"}
    provider.always[f"{VMS}?page=2"] = {"data": [{"id": 2}]}
    provider.queue(f"{VMS}?page=2", says({}, 502))
    assert len(client.vms()) == 2
    assert (provider.count(VMS), provider.count(f"{VMS}?page=2")) == (1, 2)


@pytest.mark.parametrize(
    "said",
    [{"meta": {"total": 3}}, {"pagination": {"total_count": 3}}, {"total": 3, "per_page": 1},
     {"meta": {"pagination": {"total": 3}}}],
)  # fmt: skip
def test_fewer_records_than_announced_and_no_next_page_is_an_error(provider, client, said):
    provider.always[VMS] = {"data": [VM], **said}
    with pytest.raises(IncompleteListing, match="1 of 3 records came") as caught:
        client.vms()
    assert not caught.value.retryable
    assert provider.count(VMS) == 1


@pytest.mark.parametrize(
    "said", [{"meta": {"total": 1}}, {"total": 3}, {"meta": {"total": True}}, {"meta": {"total": "many"}}, {"meta": []}]
)
def test_what_is_no_total_of_the_records_is_passed_over(provider, client, said):
    provider.always[VMS] = {"data": [VM], **said}
    assert client.vms() == [VM]


def test_an_error_on_every_page_says_which_was_asked(provider, client):
    provider.always[VMS] = {"data": [VM], "next": "?page=2"}
    provider.always[f"{VMS}?page=2"] = {"message": "No."}
    with pytest.raises(APIError, match=r"page=2: No\.") as caught:
        client.vms()
    assert caught.value.url.endswith("/virtual-machines?page=2")
