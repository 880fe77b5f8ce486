"""The server as an HTTP server: refusals, ids, kept connections, slow clients, admin doors."""
import json
import socket
import time

import pytest

import canary
from person import Person, post
from server import connection, wait_for

FORM = "application/x-www-form-urlencoded"


def raw(server, data, seconds=15):
    """Sends bytes; everything that comes back until the server closes or nothing comes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as s:
        s.sendall(data)
        got = b""
        try:
            while True:
                piece = s.recv(65536)
                if not piece:
                    return got
                got += piece
                head, _, body = got.partition(b"\r\n\r\n")
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:") and \
                            len(body) >= int(line.split(b":")[1]):
                        return got
        except (TimeoutError, ConnectionResetError):
            return got


def error_of(status, headers, body, wanted, code):
    assert status == wanted, body
    assert headers["Content-Type"].startswith("application/json")
    error = json.loads(body)
    assert error["error"]["code"] == code and error["error"]["message"]
    assert error["request_id"] == headers["X-Request-Id"]
    return True


@pytest.mark.parametrize("method, path, headers, body, status, code", [
    ("GET", "/nothing", {}, None, 404, "not_found"),
    ("GET", "/", {}, None, 404, "not_found"),
    ("POST", "/webhook/", {"Content-Type": FORM}, b"", 404, "not_found"),
    ("GET", "/webhook/../stats", {}, None, 404, "not_found"),
    ("GET", "/sandbox/auth/health", {}, None, 404, "not_found"),
    ("GET", "/webhook", {}, None, 405, "method_not_allowed"),
    ("PUT", "/webhook", {"Content-Type": FORM}, b"a=b", 405, "method_not_allowed"),
    ("POST", "/health", {}, b"", 405, "method_not_allowed"),
    ("DELETE", "/stats", {}, None, 405, "method_not_allowed"),
    ("POST", "/webhook", {"Content-Type": FORM}, b"a=" + b"x" * 65537, 413, "too_large"),
    ("POST", "/webhook", {"Content-Type": "application/json"}, b"{}", 415,
     "unsupported_media_type"),
    ("POST", "/webhook", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 415,
     "unsupported_media_type"),
    ("POST", "/webhook", {"Content-Type": FORM}, b"a=b", 403, "bad_signature"),
    ("GET", "/stats", {}, None, 401, "unauthorized"),
    ("GET", "/metrics", {}, None, 401, "unauthorized"),
    ("POST", "/send-broadcast", {"Content-Type": "application/json"}, b"{}", 401, "unauthorized"),
])
def test_refusals(embedded, method, path, headers, body, status, code):
    got = embedded.request(method, path, body, headers=headers)
    assert error_of(*got, status, code)
    if status == 405:
        assert got[1]["Allow"]


def test_malformed_messages(server):
    base = Person(server).fields("Hi", "SM" + "1" * 32)
    for missing in ("From", "MessageSid"):
        fields = {k: v for k, v in base.items()
                  if k not in (missing, missing.replace("Message", "Sms"), "SmsMessageSid")}
        status, head, body = post(server.port, "/webhook", fields)
        assert error_of(status, head, body.decode(), 400, "malformed")
        assert missing in json.loads(body)["error"]["message"]
    for bad in (dict(base, From="nobody"), dict(base, From=""), dict(base, NumMedia="many"),
                dict(base, MessageSid="x" * 500)):
        assert post(server.port, "/webhook", bad)[0] in (400, 200)
    assert post(server.port, "/webhook", dict(base, From="nobody"))[0] == 400


def test_bytes_that_are_no_http(embedded):
    for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"HELO you\r\n\r\n",
                 b"GET\r\n\r\n", b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n",
                 b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                 b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                 b"Content-Length: 6\r\nContent-Type: " + FORM.encode() + b"\r\n\r\naaaaaa",
                 b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"GET /health HTTP/1.1\r\n" + b"X: " + b"y" * 70000 + b"\r\n\r\n",
                 b"GET /health HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % i for i in range(500))
                 + b"\r\n"):
        got = raw(embedded, data, 5)
        assert got == b"" or got[9:10] == b"4", (data[:60], got[:200])
    assert embedded.get("/health/live")[0] == 200


def test_a_length_that_is_no_number(embedded):
    for length in (b"3x", b"+3", b"3 3", b"0x3", b"3,3"):
        got = raw(embedded, b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: " + length +
                  b"\r\nContent-Type: " + FORM.encode() + b"\r\n\r\na=b", 5)
        assert b" 400 " in got[:20] and b"Connection: close" in got, (length, got[:200])


def test_chunked_bodies(embedded):
    head = (b"POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: " + FORM.encode() + b"\r\n\r\n")
    assert b" 403 " in raw(embedded, head + b"3\r\na=b\r\n0\r\n\r\n")[:20]
    many = b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(20))
    assert b" 413 " in raw(embedded, head + many + b"0\r\n\r\n")[:20]


def test_a_body_that_never_ends_is_given_up(embedded):
    began = time.monotonic()
    got = raw(embedded, b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() +
              b"\r\nContent-Length: 100\r\n\r\na=", 25)
    assert b" 408 " in got[:20] and time.monotonic() - began < 20


def test_request_ids(embedded):
    _, headers, _ = embedded.get("/health", headers={"X-Request-Id": "my-id_1.2"})
    assert headers["X-Request-Id"] == "my-id_1.2"
    for bad in ("a b", "x" * 500, "<script>", "a\tb"):
        _, headers, _ = embedded.get("/health", headers={"X-Request-Id": bad})
        assert headers["X-Request-Id"] and headers["X-Request-Id"] != bad
    ids = {embedded.get("/health")[1]["X-Request-Id"] for _ in range(20)}
    assert len(ids) == 20
    person = Person(embedded)
    answer = person.deliver("Hi", headers={"X-Request-Id": "follow-me"})
    assert answer.headers["X-Request-Id"] == "follow-me"
    wait_for("its log line", 5, lambda: any(  # written after the answer has left
        line.get("trace") == "follow-me" for line in embedded.log.lines()))


def test_connections_are_kept(embedded):
    conn = connection(embedded.port, 10)
    person = Person(embedded)
    person.say("Hi")
    sock = conn.sock
    assert sock is not None
    for word in ("Canaria Rao", "3", "HELP"):
        person.say(word)
    assert conn.sock is sock, "one connection for all"


def test_head_has_no_body(embedded):
    got = raw(embedded, b"HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b" 200 " in got[:20] and got.endswith(b"\r\n\r\n")


def test_300_slow_clients_stop_nobody(embedded):
    """Each sends a byte a second of a webhook that never ends."""
    slow = []
    for _ in range(300):
        s = socket.create_connection(("127.0.0.1", embedded.port), timeout=5)
        s.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() +
                  b"\r\nContent-Length: 1000\r\n\r\n")
        slow.append(s)
    slowest = 0.0
    for second in range(3):
        for s in slow:
            s.send(b"a")
        until = time.monotonic() + 1
        while time.monotonic() < until:
            began = time.monotonic()
            assert Person(embedded).say("Hi")
            slowest = max(slowest, time.monotonic() - began)
    for s in slow:
        s.close()
    # a thread that was not free would be so only when a slow client's ten seconds are over
    assert slowest < 5, f"one waited {slowest:.2f} s"


# ---- admin doors

def test_admin_token(embedded):
    assert embedded.get("/stats", admin=True)[0] == 200
    for given in ("Bearer x", "Bearer ", "Basic " + canary.ADMIN_TOKEN, canary.ADMIN_TOKEN,
                  "Bearer " + canary.ADMIN_TOKEN[:-1], "Bearer " + canary.ADMIN_TOKEN + "x"):
        assert embedded.get("/stats", headers={"Authorization": given})[0] == 401, given
    status, headers, _ = embedded.get("/stats")
    assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer")


def test_without_an_admin_token_the_doors_are_shut(servers):
    server = servers(ADMIN_TOKEN=None).start()
    for path in ("/stats", "/metrics"):
        got = server.get(path)
        assert error_of(*got, 403, "admin_disabled")
        assert "ADMIN_TOKEN" in got[2]


def test_metrics_may_be_opened(servers):
    server = servers(METRICS_PUBLIC="1").start()
    status, headers, body = server.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain")
    assert "samvad_build_info" in body
    assert server.get("/stats")[0] == 401
