"""The sandbox's own endpoints, for clients in another process."""


def test_the_clock_can_be_set_over_http(sandbox, api):
    assert api("PUT", "/sandbox/clock", {"now": "2026-10-31T23:50"}).json() == {"now": "2026-10-31T23:50:00+00:00"}
    assert api.json("/sandbox/clock") == {"now": "2026-10-31T23:50:00+00:00"}
    assert sandbox.now.month == 10
    assert api("PUT", "/sandbox/clock", {"now": "tomorrow"}).status_code == 422


def test_faults_can_be_switched_over_http(sandbox, api):
    fault = {"kind": "status", "operation": "account", "times": 1, "details": {"code": 418}}
    assert api("POST", "/sandbox/faults", fault).json() == [fault | {"vm_id": None, "account": None}]
    assert api("GET", "/account").status_code == 418
    assert api("GET", "/account").status_code == 200
    api("POST", "/sandbox/faults", fault)
    assert api("DELETE", "/sandbox/faults").json() == []
    assert api("GET", "/account").status_code == 200
    refused = api("POST", "/sandbox/faults", {"kind": "flood"})
    assert refused.status_code == 422
    assert "no fault 'flood'" in refused.json()["errors"]["kind"][0]


def test_the_log_can_be_read_over_http_and_does_not_hold_itself(sandbox, api):
    api("GET", "/account")
    (row,) = api.json("/sandbox/requests")
    assert (row["method"], row["path"], row["status"], row["operation"]) == ("GET", "/account", 200, "account")
    assert sandbox.key not in str(row)
    assert api("DELETE", "/sandbox/requests").json() == []


def test_the_openapi_document_does_not_show_them(sandbox, api):
    assert not any(path.startswith("/sandbox") for path in api.json("/swagger/v1/swagger.json")["paths"])
