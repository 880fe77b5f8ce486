"""Records for admins: lists, one, another state with word to the person, export."""
import csv
import io
import json

import pytest

from server import wait_for
from twin import Twin, quote, start

LOUD = "The LEFT hinge is bent, \"badly\""
FORMULA = "=HYPERLINK(\"http://x\") is no formula"


@pytest.fixture
def server(servers, store):
    return start(servers, FLOW="production", **store)


def ask(server, method, path, body=None, want=200):
    data = json.dumps(body).encode() if body is not None else None
    status, headers, text = server.request(method, path, data, admin=True,
                                           headers={"Content-Type": "application/json"})
    assert status == want, (status, text)
    return json.loads(text)


def reporter(server, *texts):
    phone = Twin(server).phone()
    phone.say("hi")
    phone.say("2")
    for text in texts:
        phone.say("1")
        assert "DEF-" in phone.say(text)
    return phone


def test_listed_filtered_and_paged(server):
    one = reporter(server, LOUD, "A second thing is wrong")
    reporter(server, "Somebody else reports this")
    listed = ask(server, "GET", "/records/defect")
    texts = [r["fields"]["text"] for r in listed["records"]]
    assert texts == ["Somebody else reports this", "A second thing is wrong", LOUD]
    assert listed["next_cursor"] is None
    first = listed["records"][0]
    assert first["type"] == "defect" and first["state"] == "under_review"
    assert ask(server, "GET", f"/records/defect/{first['id']}") == first

    seen, cursor = [], ""
    while cursor is not None:
        page = ask(server, "GET", f"/records/defect?limit=1&cursor={quote(cursor)}")
        seen += [r["fields"]["text"] for r in page["records"]]
        cursor = page["next_cursor"]
    assert seen == texts

    mine = ask(server, "GET", f"/records/defect?contact={one.address}")
    assert [r["fields"]["text"] for r in mine["records"]] == texts[1:]
    assert ask(server, "GET", "/records/defect?state=resolved")["records"] == []


def test_another_state_and_the_person_is_told(server):
    phone = reporter(server, LOUD)
    path = "/records/defect/" + ask(server, "GET", "/records/defect")["records"][0]["id"]
    got = ask(server, "PATCH", path, {"state": "in_progress"})
    assert got["changed"] and got["told"] == "not_asked"
    got = ask(server, "PATCH", path, {"state": "resolved", "tell": True})
    assert got["changed"] and got["told"] == "queued"
    phone.wait_text("is resolved. Thank you")
    assert "working on" not in "".join(m["text"] for m in phone.messages("out"))
    got = ask(server, "PATCH", path, {"state": "resolved", "tell": True})
    assert not got["changed"] and got["told"] == "unchanged"
    assert "(resolved)" in phone.say("2")
    entries = ask(server, "GET", "/audit?object=" + path.rsplit("/", 1)[1])["entries"]
    assert [e["detail"] for e in entries] == ["defect: in_progress -> resolved",
                                              "defect: under_review -> in_progress"]
    assert all(e["action"] == "record.change" and e["request_id"] for e in entries)


def test_who_may_not_be_told(server):
    phone = reporter(server, LOUD)
    path = "/records/defect/" + ask(server, "GET", "/records/defect")["records"][0]["id"]
    assert ask(server, "PATCH", path, {"state": "under_review"})["told"] == "unchanged"
    phone.say("stop")
    assert ask(server, "PATCH", path, {"state": "in_progress", "tell": True})["told"] == "opted_out"
    phone.say("start")
    Twin(server).advance(hours=24)
    got = ask(server, "PATCH", path, {"state": "resolved", "tell": True})
    assert got["changed"] and got["told"] == "outside_window"
    assert not [m for m in phone.messages("out") if "is resolved" in m["text"]]


REFUSED = [
    ("GET", "/records/nothing", None, 404, "not_found"),
    ("GET", "/records/defect/DEF-NONE", None, 404, "not_found"),
    ("PATCH", "/records/defect/DEF-NONE", {"state": "resolved"}, 404, "not_found"),
    ("PATCH", "/records/defect/DEF-NONE", {"state": "gone"}, 400, "malformed"),
    ("PATCH", "/records/defect/DEF-NONE", {"tell": True}, 400, "malformed"),
    ("GET", "/records/defect?limit=no", None, 400, "malformed"),
    ("GET", "/records/defect?contact=me", None, 400, "malformed"),
    ("GET", "/records/defect?format=xls", None, 400, "malformed"),
    ("DELETE", "/records/defect/DEF-NONE", None, 405, "method_not_allowed"),
]


def test_what_is_refused(servers):
    server = start(servers, FLOW="production")
    for method, path, body, status, code in REFUSED:
        assert ask(server, method, path, body, status)["error"]["code"] == code, path
    for path in ("/records/defect", "/records/defect/X"):
        assert server.request("GET", path)[0] == 401
    assert server.request("PATCH", "/records/defect/X", b"{}")[0] == 401


def test_export(server):
    reporter(server, LOUD, FORMULA, *[f"Report number {i} of many" for i in range(3)])
    status, headers, text = server.get("/records/defect?format=csv", admin=True)
    assert status == 200 and headers["Content-Type"].startswith("text/csv")
    assert 'filename="defect.csv"' in headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["id", "state", "contact", "created_at", "updated_at", "text"]
    assert len(rows) == 6 and rows[5][5] == LOUD
    assert rows[4][5] == "'" + FORMULA  # a spreadsheet shows it, and runs nothing
    status, headers, text = server.get("/records/defect?format=json&state=under_review", admin=True)
    assert [r["fields"]["text"] for r in json.loads(text)][3:] == [FORMULA, LOUD]
    assert json.loads(server.get("/records/defect?format=json&state=resolved", admin=True)[2]) == []


def test_told_in_their_own_language(servers, store):
    server = start(servers, FLOW="wafr", **store)
    phone = Twin(server).phone()
    for word in ("مرحبا", "2", "10", "0611111111", "1", "1"):
        phone.say(word)
    assert "قيد المعالجة" in phone.say("تأكيد")
    (record,) = ask(server, "GET", "/records/topup?state=pending")["records"]
    assert record["fields"]["amount"] == "5" and record["fields"]["phone"] == "+212611111111"
    path = "/records/topup/" + record["id"]
    assert ask(server, "PATCH", path, {"state": "done", "tell": True})["told"] == "queued"
    said = phone.wait_text("تمت تعبئة")["text"]
    assert "06 11 11 11 11" in said and record["id"] in said
