"""The two services that samvad calls, played here: the Auth API and Twilio's REST API."""
import base64
import json
import socket
import threading
import time
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import canary
from server import free_port


class _Service(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, *args):
        self.open = set()
        super().__init__(*args)

    def get_request(self):
        sock, address = super().get_request()
        self.open.add(sock)
        return sock, address

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self):
        """Kept connections end as well: stopped means stopped."""
        for sock in list(self.open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass  # a server under test that is killed leaves half a request


class Peer:
    """A service that can be stopped (connection refused) and started again on its port."""

    def __init__(self):
        self.lock = threading.Lock()
        self.service = None
        self.port = free_port()

    def start(self):
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format, *args):
                pass

            def do_GET(self):
                peer.answer(self, "GET", b"")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                peer.answer(self, "POST", body)

            def reply(self, status, body, kind="application/json", headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

        self.service = _Service(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.service.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.service:
            self.service.shutdown()
            self.service.server_close()
            self.service.hang_up()
            self.service = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class AuthApi(Peer):
    """Sends "OTPs". Honours Idempotency-Key: a key that was accepted is answered as before."""

    def __init__(self):
        super().__init__()
        self.reset()

    def reset(self):
        self.calls = []  # (key, body) of every request that arrived
        self.accepted = {}  # key -> body of each OTP that was sent
        self.mode = "ok"
        self.hang = threading.Event()  # set: who hangs may go on
        self.delay = 0.0

    def answer(self, rq, method, body):
        if method == "GET":
            rq.reply(200, {"status": "ok"})
            return
        key = rq.headers.get("Idempotency-Key")
        data = json.loads(body)
        with self.lock:
            self.calls.append((key, data))
            mode = self.mode
        if self.delay:
            time.sleep(self.delay)
        if mode == "hang":
            self.hang.wait(75)
            mode = "ok"
        if isinstance(mode, int):
            rq.reply(mode, {"success": False, "error": "as the test wishes"},
                     headers=[("Retry-After", "1")] if mode == 429 else ())
        elif mode == "malformed":
            rq.reply(200, b"<html>not JSON</html>", "text/html")
        elif mode == "unsuccessful":
            rq.reply(200, {"success": False, "message": "no"})
        else:
            with self.lock:
                self.accepted.setdefault(key, data)
            rq.reply(200, {"success": True, "message": "OTP sent", "otp": canary.OTP})

    def accepted_for(self, phone):
        """How many OTPs were sent to this number."""
        with self.lock:
            return sum(1 for b in self.accepted.values() if b["phone_number"] == phone)

    def most_per_number(self):
        with self.lock:
            counts = Counter(b["phone_number"] for b in self.accepted.values())
        return max(counts.values(), default=0)


class TwilioApi(Peer):
    """Messages.json: create and list. Checks the credentials as Twilio does."""

    def __init__(self):
        super().__init__()
        self.reset()

    def reset(self):
        self.messages = []  # in the order of arrival
        self.attempts = 0
        self.mode = "ok"
        self.token = canary.AUTH_TOKEN

    def to(self, contact):
        """Texts sent to this contact, in order."""
        with self.lock:
            return [m["body"] for m in self.messages if m["to"] == contact]

    def pass_time(self, seconds):
        """Nothing here moves the server's clock: who waits, waits."""

    def answer(self, rq, method, body):
        given = rq.headers.get("Authorization", "")
        wanted = base64.b64encode(f"{canary.ACCOUNT}:{self.token}".encode()).decode()
        path = urllib.parse.urlsplit(rq.path)
        if path.path == "/":
            rq.reply(200, {})
        elif given != "Basic " + wanted:
            rq.reply(401, {"code": 20003, "message": "Authenticate", "status": 401})
        elif method == "POST":
            self._create(rq, body)
        elif path.path.endswith("/Messages.json"):
            self._list(rq, urllib.parse.parse_qs(path.query))
        else:
            rq.reply(404, {"code": 20404, "message": "not found", "status": 404})

    def _create(self, rq, body):
        form = {k: v[0] for k, v in urllib.parse.parse_qs(body.decode()).items()}
        with self.lock:
            self.attempts += 1
            mode = self.mode
        if mode == "lost":  # accepted, and the answer never comes
            self._keep(form)
            rq.close_connection = True
            return
        if isinstance(mode, int):
            rq.reply(mode, {"code": 20429 if mode == 429 else 20500, "message": "no",
                            "status": mode})
            return
        rq.reply(201, self._keep(form))

    def _keep(self, form):
        with self.lock:
            sid = "SM%032x" % (len(self.messages) + 1)
            now = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
            message = {"sid": sid, "account_sid": canary.ACCOUNT, "to": form.get("To"),
                       "from": form.get("From"), "body": form.get("Body"), "status": "queued",
                       "direction": "outbound-api", "error_code": None, "error_message": None,
                       "date_created": now, "date_sent": now, "date_updated": now,
                       "num_media": "0", "num_segments": "1",
                       "status_callback": form.get("StatusCallback")}
            self.messages.append(message)
            return message

    def _list(self, rq, query):
        with self.lock:
            found = [m for m in reversed(self.messages)
                     if m["to"] == query.get("To", [m["to"]])[0]]
        rq.reply(200, {"messages": found, "page": 0, "page_size": 50, "next_page_uri": None})
