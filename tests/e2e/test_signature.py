"""Who may call: signatures over the URL that Twilio saw, and nothing else."""
import base64
import hashlib
import hmac
import urllib.parse

import pytest

import canary
from person import Person, new_sid, post, read_twiml, sign
from server import connection, run

FORM = "application/x-www-form-urlencoded"


def send(server, path="/webhook", fields=None, signed_url=None, token=canary.AUTH_TOKEN,
         signatures=None, headers=(), body=None):
    """Posts with exactly these headers; returns (status, body)."""
    fields = fields or Person(server).fields("Hi", new_sid())
    if signatures is None:
        signatures = [sign(signed_url or server.url + path, fields, token)]
    if body is None:
        body = urllib.parse.urlencode(fields).encode()
    conn = connection(server.port, 20)
    conn.putrequest("POST", path, skip_host=any(h[0] == "Host" for h in headers))
    for name, value in headers:
        conn.putheader(name, value)
    for s in signatures:
        conn.putheader("X-Twilio-Signature", s)
    conn.putheader("Content-Type", FORM)
    conn.putheader("Content-Length", str(len(body)))
    conn.endheaders(body)
    got = conn.getresponse()
    data = got.read()
    if got.getheader("Connection", "").lower() == "close":
        conn.close()
    return got.status, data


def refused(server, **how):
    """403, with nothing kept and nothing of the request in the answer."""
    before = server.json("/stats", admin=True)["total_sessions"]
    status, body = send(server, **how)
    assert status == 403, body
    assert b"bad_signature" in body and b"whatsapp" not in body and b"SM0" not in body
    assert server.json("/stats", admin=True)["total_sessions"] == before
    return True


def accepted(server, **how):
    status, body = send(server, **how)
    assert status == 200, body
    return bool(read_twiml(body))


def test_a_good_one(server):
    assert accepted(server)


def test_bad_ones(server):
    good = sign(server.url + "/webhook", {"a": "b"})
    assert refused(server, signatures=[])
    assert refused(server, signatures=[""])
    assert refused(server, signatures=[good])
    assert refused(server, signatures=["x"])
    assert refused(server, signatures=["A" * 10000])
    assert refused(server, token="0" * 32)
    assert refused(server, token=canary.AUTH_TOKEN.upper())
    assert server.metric("samvad_signature_failures_total") == 7


def test_changes_of_one_byte(embedded):
    fields = Person(embedded).fields("Hi", new_sid())
    good = sign(embedded.url + "/webhook", fields)
    for changed in (good.lower(), good.rstrip("="), good + "=", " " * 3 + good[1:],
                    good[:-2] + ("A" if good[-2] != "A" else "B") + "="):
        assert refused(embedded, fields=fields, signatures=[changed])
    more = dict(fields, Extra="")
    assert refused(embedded, fields=more, signatures=[good])
    less = {k: v for k, v in fields.items() if k != "ProfileName"}
    assert refused(embedded, fields=less, signatures=[good])
    assert accepted(embedded, fields=fields, signatures=[good])


def test_two_signatures(embedded):
    fields = Person(embedded).fields("Hi", new_sid())
    good = sign(embedded.url + "/webhook", fields)
    assert refused(embedded, fields=fields, signatures=[good, sign("http://x/", fields)])
    assert refused(embedded, fields=fields, signatures=[sign("http://x/", fields), good])


def test_another_host_path_or_scheme(embedded):
    port = embedded.port
    for url in (f"https://127.0.0.1:{port}/webhook", f"http://127.0.0.2:{port}/webhook",
                f"http://127.0.0.1:{port}/webhook/", f"http://127.0.0.1:{port}/Webhook",
                f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/webhook?x=1"):
        assert refused(embedded, signed_url=url), url


def test_query_is_signed_as_it_came(embedded):
    for query in ("?a=1&b=2", "?a=%2F%20+x", "?it's=1", "?", "?a=1&a=1"):
        path = "/webhook" + query
        assert accepted(embedded, path=path), query
    assert refused(embedded, path="/webhook?a=1", signed_url=embedded.url + "/webhook?a=2")


def test_host_header_with_and_without_port(embedded):
    host = [("Host", "bot.example.org")]
    assert accepted(embedded, headers=host, signed_url="http://bot.example.org/webhook")
    assert accepted(embedded, headers=host, signed_url="http://bot.example.org:80/webhook")
    assert accepted(embedded, headers=[("Host", "bot.example.org:8080")],
                    signed_url="http://bot.example.org:8080/webhook")
    assert refused(embedded, headers=host, signed_url="http://evil.example.org/webhook")


def test_behind_a_trusted_proxy(embedded):
    ngrok = [("Host", "x.ngrok.app"), ("X-Forwarded-Proto", "https"),
             ("X-Forwarded-Host", "x.ngrok.app"), ("X-Forwarded-For", "54.1.2.3")]
    assert accepted(embedded, headers=ngrok, signed_url="https://x.ngrok.app/webhook")
    assert accepted(embedded, headers=ngrok, signed_url="https://x.ngrok.app:443/webhook")
    assert accepted(embedded, headers=[("Host", "inner:8080"), ("X-Forwarded-Proto", "https"),
                                       ("X-Forwarded-Host", "bot.example.org")],
                    signed_url="https://bot.example.org/webhook")
    assert refused(embedded, headers=ngrok, signed_url="https://evil.example.org/webhook")


def test_an_untrusted_proxy_is_not_believed(servers):
    server = servers(TRUSTED_PROXIES="10.0.0.0/8").start()
    forged = [("Host", "bot.example.org"), ("X-Forwarded-Proto", "https"),
              ("X-Forwarded-Host", "evil.example.org")]
    assert refused(server, headers=forged, signed_url="https://evil.example.org/webhook")
    assert accepted(server, headers=forged, signed_url="http://bot.example.org/webhook")


def test_public_url_is_the_only_truth(servers):
    server = servers(PUBLIC_URL="https://bot.example.org/base").start()
    url = "https://bot.example.org/base/webhook"
    assert accepted(server, signed_url=url)
    assert accepted(server, signed_url=url.replace(".org", ".org:443"))
    assert accepted(server, path="/webhook?x=%2F", signed_url=url + "?x=%2F")
    forged = [("Host", "evil.example.org"), ("X-Forwarded-Proto", "http"),
              ("X-Forwarded-Host", "evil.example.org")]
    assert accepted(server, headers=forged, signed_url=url)
    assert refused(server, headers=forged, signed_url="http://evil.example.org/webhook")


def test_two_tokens_while_they_change(servers):
    server = servers(TWILIO_AUTH_TOKEN=f"{canary.AUTH_TOKEN},{canary.OLD_AUTH_TOKEN}").start()
    assert accepted(server)
    assert accepted(server, token=canary.OLD_AUTH_TOKEN)
    assert refused(server, token="0" * 32)
    server.stop()
    server.set(TWILIO_AUTH_TOKEN=canary.AUTH_TOKEN)
    server.start()
    assert refused(server, token=canary.OLD_AUTH_TOKEN)


def test_raw_bytes_are_signed_as_sent(embedded):
    """Ill-formed UTF-8 and NUL: the signature is over the bytes, the answer is a clean one."""
    sid = new_sid()
    pairs = [(b"From", b"whatsapp:+919811111111"), (b"To", b"whatsapp:+14155238886"),
             (b"MessageSid", sid.encode()), (b"AccountSid", canary.ACCOUNT.encode()),
             (b"Body", b"Canaria \xff\xfe\xc3( \x00 Rao"), (b"NumMedia", b"0")]
    canary.add_number("9811111111")
    text = (embedded.url + "/webhook").encode() + b"".join(k + v for k, v in sorted(pairs))
    mac = base64.b64encode(hmac.new(canary.AUTH_TOKEN.encode(), text, hashlib.sha1).digest())
    body = urllib.parse.urlencode(pairs).encode()
    status, data = send(embedded, signatures=[mac.decode()], body=body)
    assert status in (200, 400)
    if status == 200:
        assert read_twiml(data)


def test_repeated_fields(embedded):
    """Name before each distinct value, values sorted, as the newer libraries do."""
    fields = Person(embedded).fields("Hi", new_sid())
    body = urllib.parse.urlencode(list(fields.items()) + [("Zed", "b"), ("Zed", "a"), ("Zed", "b")])
    text = embedded.url + "/webhook" + "".join(k + v for k, v in sorted(fields.items())) + "ZedaZedb"
    mac = base64.b64encode(hmac.new(canary.AUTH_TOKEN.encode(), text.encode(), hashlib.sha1).digest())
    assert accepted(embedded, fields=fields, signatures=[mac.decode()], body=body.encode())


def test_status_callbacks_are_signed_too(server):
    fields = {"MessageSid": new_sid(), "MessageStatus": "delivered", "AccountSid": canary.ACCOUNT,
              "To": Person(server).contact, "From": "whatsapp:+14155238886"}
    assert post(server.port, "/webhook/status", fields)[0] == 204
    assert post(server.port, "/webhook/status", fields, token="0" * 32)[0] == 403
    # of an SMS that the same Messaging Service sent: none of ours, and no fault
    assert post(server.port, "/webhook/status", dict(fields, To="+15005550111"))[0] == 204


# ---- the same from the command line

@pytest.mark.parametrize("url", ["https://bot.example.org/webhook", "http://h:8080/a?b=c%20d&e='"])
def test_samvad_sign_equals_the_library(url):
    fields = {"Body": "Grüße & <ok> 😀 it's", "From": "whatsapp:+4915", "Empty": "", "b": "x  y"}
    status, out, err = run("sign", "--token", "12345", url, stdin=urllib.parse.urlencode(fields))
    assert (status, out.strip()) == (0, sign(url, fields, "12345")), err


def test_samvad_verify_says_what_was_signed():
    fields = {"Body": "Hi", "From": "whatsapp:+1"}
    body = urllib.parse.urlencode(fields)

    def verify(url, signed_url):
        return run("verify", "--token", "12345", "--url", url, "--signature",
                   sign(signed_url, fields, "12345"), stdin=body)

    status, out, _ = verify("https://b.example.org/webhook", "https://b.example.org/webhook")
    assert status == 0
    status, out, err = verify("http://b.example.org/webhook", "https://b.example.org/webhook")
    assert status == 1 and "https" in out + err
    status, out, err = verify("https://b.example.org/webhook", "https://b.example.org/webhook/")
    assert status == 1 and "slash" in out + err
    status, out, err = verify("https://b.example.org/webhook", "https://c.example.org/x")
    assert status == 1 and out + err
