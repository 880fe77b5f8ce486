"""Fixtures: servers on both stores, the peers they call, and the watch over every log.

After each test the new lines of all logs are read: an error that the test did
not announce with @pytest.mark.errors("what"), a sanitizer's report or a canary
(canary.py) fails it.

Three rows of one test (the fixture `row`): webhooks signed here, on each store,
and - marked twin_too - messages typed on a phone of the twin (twin_person.py),
whose REST side late results then take; the Auth API stays the test's own.
"""
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import canary  # noqa: E402
from peers import AuthApi, TwilioApi  # noqa: E402
from redis_server import Redis  # noqa: E402
from server import SANITIZERS, Server, all_logs  # noqa: E402
from twin import start as start_twin  # noqa: E402
from twin_person import TwinTwilio, person_at  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "errors(pattern...): error lines that this test provokes")
    config.addinivalue_line("markers", "twin_too: a person can do this on a phone of the twin")
    config.addinivalue_line("markers", "raw: not through the twin, though its module is")


def rows_of(function, names):
    rows = ["sqlite", "redis"] if "store" in names else ["sqlite"]
    marks = {m.name for m in function.iter_markers()}
    return rows + ["twin"] if "twin_too" in marks and "raw" not in marks else rows


def pytest_generate_tests(metafunc):
    if "row" in metafunc.fixturenames:
        rows = rows_of(metafunc.definition, metafunc.fixturenames)
        if len(rows) > 1:
            metafunc.parametrize("row", rows, indirect=True)


def faults_in(piece, allowed):
    for line in piece.split("\n"):
        for mark in SANITIZERS:
            if mark in line:
                yield piece[piece.index(line):][:4000]
                return
        if '"level":"error"' in line:
            if not any(re.search(p, line) for p in allowed):
                yield "unexpected: " + line
        elif line and not line.startswith("{") and "assert" in line.lower():
            yield line
    found = canary.find(piece)
    if found:
        yield f"the log shows {found}"


@pytest.fixture(autouse=True)
def watch(request):
    """Reads what the logs say once the test and its servers have ended."""
    yield
    allowed = [p for m in request.node.iter_markers("errors") for p in m.args]
    faults = [f for log in all_logs for f in faults_in(log.new(), allowed)]
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session", autouse=True)
def nothing_private_leaks():
    """The whole run once more: a name may become known after the line was written."""
    yield
    for log in all_logs:
        found = canary.find(log.text())
        assert not found, f"{log.path} shows {found}"
        data = os.path.join(os.path.dirname(log.path), "data")
        for folder, _, files in os.walk(data):
            for name in files:
                if name == "session.keys":
                    continue
                with open(os.path.join(folder, name), "rb") as f:
                    found = canary.find_in_store(f.read())
                assert not found, f"{os.path.join(folder, name)} shows {found}"


@pytest.fixture
def servers(tmp_path, watch):
    """Makes servers, each in a folder of its own, and stops them afterwards."""
    made = []

    def make(name="one", **settings):
        made.append(Server(tmp_path / name, **settings))
        return made[-1]

    yield make
    for server in made:
        if server.process and server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def session_redis(tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis")).start()
    yield redis
    redis.stop()


@pytest.fixture
def redis(session_redis):
    """A running, empty Redis."""
    session_redis.clear()
    yield session_redis
    found = canary.find_in_store(session_redis.content())
    assert not found, f"Redis shows {found}"


@pytest.fixture
def own_redis(tmp_path):
    """A Redis that the test may stop."""
    redis = Redis(tmp_path / "own-redis").start()
    yield redis
    redis.stop()


@pytest.fixture
def auth(request):
    api = AuthApi().start()
    yield api
    api.hang.set()
    api.stop()


@pytest.fixture
def row(request):
    """Who brings the messages, and where sessions are kept.

    Not through the twin ("raw", or in a module that is not twin_too) goes what
    no phone and no Twilio does: parameters, headers, signatures and characters
    of the test's own (test_signature, most of test_http); a thousand copies or
    more waiting people than the twin has threads; two processes, another store,
    kills, ends, restarts under load (test_crash, test_outage, most of
    test_operations), for the twin dies with its server; and what measures the
    server's time, of which the twin takes its share.
    """
    return getattr(request, "param", "sqlite")


@pytest.fixture
def twilio(row):
    if row == "twin":
        yield TwinTwilio()
        return
    api = TwilioApi().start()
    yield api
    api.stop()


@pytest.fixture
def store(row, request):
    """Settings of each row's store; the twin's is the embedded one."""
    return {"REDIS_URL": request.getfixturevalue("redis").url} if row == "redis" else {}


@pytest.fixture
def serve(servers, row, request, auth, twilio):
    """Starts a server of the test's row, beside a willing Auth API and Twilio."""
    def make(**more):
        if row == "twin":
            twilio.server = start_twin(servers, AUTH_API_URL=auth.url, **more)
            return twilio.server
        more.update(request.getfixturevalue("store"))
        return servers(AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url, **more).start()
    return make


@pytest.fixture
def server(serve, store):
    """A running server on each store."""
    return serve()


@pytest.fixture
def embedded(serve):
    """A running server on the embedded store only, for what no store has a say in."""
    return serve()


@pytest.fixture
def person(request):
    """Somebody who writes to the test's server."""
    name = "server" if "server" in request.fixturenames else "embedded"
    return person_at(request.getfixturevalue(name))
