"""What an operator does: start, look, reload, rotate keys, run out of disk, stop."""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import threading
import time

import pytest

import canary
from person import Person, connection, new_number
from server import BIN, ROOT, clean_env, run, wait_for
from twin_person import person_at

# ---- health

def test_health(server, auth, twilio):
    got = server.json("/health")
    assert got["status"] == "healthy"
    assert got["services"] == {"store": "healthy", "auth_service": "healthy", "twilio": "healthy"}
    for field in ("timestamp", "uptime_seconds", "version"):
        assert field in got
    assert server.json("/health/live") and server.json("/health/ready")
    auth.stop()
    wait_for("the Auth API to be missed", 20,
             lambda: server.json("/health")["services"]["auth_service"] == "unhealthy", 0.2)
    assert server.json("/health")["status"] == "degraded"


def test_health_without_its_store(servers, own_redis, twilio, auth):
    server = servers(REDIS_URL=own_redis.url, AUTH_API_URL=auth.url,
                     TWILIO_API_BASE=twilio.url).start()
    env = {"PORT": server.port, "DATA_DIR": server.settings["DATA_DIR"]}
    assert run("health", env=env)[0] == 0
    own_redis.stop()
    status, _, body = server.get("/health")
    assert status == 503 and json.loads(body)["status"] == "unhealthy"
    assert str(own_redis.port) not in body, "no inner address is told"
    assert server.get("/health/live")[0] == 200
    assert server.get("/health/ready")[0] == 200, "it takes messages into its spool"
    assert run("health", env=env)[0] == 1
    assert run("health", "--ready", env=env)[0] == 0
    own_redis.start()
    wait_for("the store to be back", 10, lambda: server.get("/health")[0] == 200, 0.1)


def test_samvad_health_without_a_server(tmp_path):
    status, _, err = run("health", env={"PORT": 1, "DATA_DIR": tmp_path})
    assert status == 1 and err


@pytest.mark.twin_too
def test_metrics(server):
    person = person_at(server)
    person.go_to("sector")
    answer = person.deliver("3")
    person.deliver("3", sid=answer.sid)
    assert server.metric("samvad_turns_total", how="turn") == 3
    assert server.metric("samvad_turns_total", how="duplicate") == 1
    assert server.metric("samvad_turn_seconds_count") == 4
    _, headers, body = server.get("/metrics", admin=True)
    assert headers["Content-Type"].startswith("text/plain")
    for line in body.strip().split("\n"):
        assert re.match(r"#|[a-z_]+(\{.*\})? [-+0-9.eInfNa]+$", line), line


# ---- refusals at the start

def fails_to_start(folder, says, **env):
    """Ends with a status that is not 0, at once, and tells why."""
    os.makedirs(folder, exist_ok=True)
    full = {"TEMPLATES_DIR": os.path.join(ROOT, "templates"), "PORT": "0",
            "DATA_DIR": os.path.join(folder, "data"), "TWILIO_AUTH_TOKEN": canary.AUTH_TOKEN}
    full.update(env)
    full = {k: str(v) for k, v in full.items() if v is not None}
    got = subprocess.run([BIN, "serve"], cwd=folder, env=clean_env() | full, timeout=20,
                         capture_output=True, text=True, check=False)
    said = got.stdout + got.stderr
    assert got.returncode in (1, 2), said
    for part in says:
        assert part in said, said
    assert not canary.find(said), said
    return True


@pytest.mark.parametrize("says, env", [
    (["SANDBOX=0", "TWILIO_AUTH_TOKEN"], {"TWILIO_AUTH_TOKEN": None, "SANDBOX": "0"}),
    (["HOST=0.0.0.0", "TWILIO_AUTH_TOKEN"], {"TWILIO_AUTH_TOKEN": None, "HOST": "0.0.0.0"}),
    (["SAMVAD_POTR", "PORT"], {"SAMVAD_POTR": "5000"}),
    (["PORT"], {"PORT": "70000"}), (["PORT"], {"PORT": "http"}),
    (["SESSION_KEYS"], {"REDIS_URL": "redis://127.0.0.1:1/0"}),
    (["SESSION_KEYS"], {"SESSION_KEYS": "k1:12"}),
    (["REDIS_URL"], {"REDIS_URL": "http://x", "SESSION_KEYS": canary.KEY_1}),
    (["DATA_DIR"], {"DATA_DIR": "/proc/nowhere"}),
    (["nowhere"], {"TEMPLATES_DIR": "/nowhere"}),
    (["nobot"], {"FLOW": "nobot"}),
    (["LOG_LEVEL"], {"LOG_LEVEL": "loud"}),
    (["PUBLIC_URL"], {"PUBLIC_URL": "bot.example.org"}),
    (["TRUSTED_PROXIES"], {"TRUSTED_PROXIES": "everybody"}),
    (["HOST"], {"HOST": "300.1.1.1"}),
], ids=lambda x: "-".join(x) if isinstance(x, (list, dict)) else None)
def test_does_not_start(tmp_path, says, env):
    assert fails_to_start(tmp_path / "a", says, **env)


def test_does_not_start_without_a_spool(tmp_path):
    data = tmp_path / "a" / "data"
    data.mkdir(parents=True)
    (data / "spool").write_text("a file where the folder should be")
    assert fails_to_start(tmp_path / "a", ["spool"], REDIS_URL="redis://127.0.0.1:1/0",
                          SESSION_KEYS=canary.KEY_1)


def test_does_not_start_on_a_port_that_is_taken(embedded, tmp_path):
    assert fails_to_start(tmp_path / "a", [str(embedded.port)], PORT=embedded.port)


def test_files_are_the_owners_only(embedded):
    data = embedded.settings["DATA_DIR"]
    for name in os.listdir(data):
        mode = os.stat(os.path.join(data, name)).st_mode
        assert mode & 0o077 == 0, f"{name} is open to others"


def test_starts_while_redis_is_away(servers, own_redis, auth, twilio):
    own_redis.stop()
    server = servers(REDIS_URL=own_redis.url, AUTH_API_URL=auth.url,
                     TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    assert "One moment" in person.say("Hi")
    own_redis.start()
    wait_for("the real reply", 15, lambda: any("full name" in t for t in twilio.to(person.contact)))


# ---- end and reload

def test_a_cold_start_is_quick(servers):
    server = servers().start()
    server.stop()
    began = time.monotonic()
    server.start()
    Person(server).say("Hi")
    assert time.monotonic() - began < (5 if "asan" in BIN or "tsan" in BIN else 1)


def test_term_under_load_answers_everybody(server):
    """Who was let in is answered; who came later is refused a connection or told 503."""
    stop = threading.Event()
    faults = []

    def chat():
        person = Person(server)
        while not stop.is_set():
            try:
                answer = person.deliver("HELP", timeout=10)
                if answer.status not in (200, 503):
                    faults.append(answer.status)
                if answer.status == 503:
                    return
            except ConnectionError:
                return
            except OSError as e:
                if "timed out" in str(e):
                    faults.append("no answer")
                return
            except Exception as e:  # an answer that was cut in the middle
                if "RemoteDisconnected" not in type(e).__name__:
                    faults.append(repr(e))
                return

    threads = [threading.Thread(target=chat) for _ in range(16)]
    for t in threads:
        t.start()
    wait_for("load", 10, lambda: server.metric("samvad_turns_total") > 200)
    status, took = server.terminate()
    stop.set()
    for t in threads:
        t.join()
    assert status == 0 and took < 5, (status, took)
    assert not faults


def test_term_while_a_call_hangs(server, auth, twilio):
    person = Person(server)
    person.go_to("confirmation")
    auth.mode = "hang"
    answers = []
    t = threading.Thread(target=lambda: answers.append(person.deliver("YES", timeout=15)))
    t.start()
    wait_for("the call", 10, lambda: auth.calls)
    status, took = server.terminate()
    t.join()
    assert status == 0 and took < 5, (status, took)
    assert "One moment" in answers[0].text
    auth.mode = "ok"
    auth.hang.set()
    server.start()
    wait_for("the late result", 20,
             lambda: any("successful" in x for x in twilio.to(person.contact)))
    assert len(auth.accepted) == 1


@pytest.fixture
def own_templates(tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(os.path.join(ROOT, "templates"), folder)
    return folder


def log_says(server, word):
    return wait_for(word, 10, lambda: word in server.log.text())


@pytest.mark.errors("flow fault", "reload refused")
def test_hup_reloads_and_a_broken_pack_keeps_the_old_one(servers, own_templates):
    server = servers(TEMPLATES_DIR=own_templates).start()
    person = Person(server)
    person.go_to("sector")
    text = own_templates / "msme" / "en" / "ask_pincode.txt"
    text.write_text("PINCODE, NEW WORDS?\n")
    server.hup()
    log_says(server, "flow reloaded")
    assert "NEW WORDS" in person.say("3")
    for path, content, says in (
            (text, "{{#unclosed}}\n", "ask_pincode.txt"),
            (own_templates / "msme" / "flow.json", "{ not json", "flow.json")):
        old = path.read_text()
        path.write_text(content)
        before = server.log.text().count("reload refused")
        server.hup()
        wait_for("the refusal", 10,
                 lambda b=before: server.log.text().count("reload refused") > b)
        fault = [x for x in server.log.lines() if x["what"] == "flow fault"][-1]["fault"]
        assert says in fault, fault
        assert "NEW WORDS" in person.say("0"), "the old flow goes on"
        path.write_text(old)
    server.hup()
    wait_for("two reloads", 10, lambda: server.log.text().count('"flow reloaded"') == 2)
    assert "mobile number" in person.say("400001")


def test_a_pack_that_check_would_refuse_is_told(servers, own_templates):
    text = own_templates / "msme" / "en" / "ask_pincode.txt"
    text.write_text("PINCODE{{nosuch}}?\n")
    server = servers(TEMPLATES_DIR=own_templates).start()
    log_says(server, "nothing sets {{nosuch}}")
    server.hup()
    wait_for("the same again", 10, lambda: server.log.text().count("{{nosuch}}") == 2)


def test_hup_under_load(servers, own_templates):
    server = servers(TEMPLATES_DIR=own_templates).start()
    stop = threading.Event()
    faults = []

    def chat():
        while not stop.is_set():
            if "full name" not in Person(server).say("Hi"):
                faults.append("a reply without its question")

    threads = [threading.Thread(target=chat) for _ in range(4)]
    for t in threads:
        t.start()
    for n in range(1, 11):
        server.hup()
        wait_for("the reload", 10, lambda n=n: server.log.text().count('"flow reloaded"') >= n)
    stop.set()
    for t in threads:
        t.join()
    assert not faults


# ---- keys, disk, what came before

def test_keys_rotate_over_a_restart(server):
    person = Person(server)
    person.go_to("pincode")
    server.stop()
    server.set(SESSION_KEYS=f"{canary.KEY_2},{canary.KEY_1}")
    server.start()
    said = person.say("400001")
    assert "mobile number" in said
    server.stop()
    server.set(SESSION_KEYS=canary.KEY_2)  # the session was sealed anew meanwhile
    server.start()
    assert "Canaria Rao" in person.say(person.number)


@pytest.mark.errors(".")
def test_a_lost_key_is_no_lost_server(server):
    person = Person(server)
    person.go_to("pincode")
    server.stop()
    server.set(SESSION_KEYS=canary.KEY_2)
    server.start()
    assert person.deliver("400001").status in (200, 500, 503)
    assert "full name" in Person(server).say("Hi"), "others are served"


def fill(folder):
    """Takes all space that is left, down to the last block."""
    with open(os.path.join(folder, "filler"), "wb", buffering=0) as f:
        for size in (1 << 16, 1 << 12, 512, 1):
            try:
                while True:
                    f.write(b"\0" * size)
            except OSError:
                pass


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        check=False, capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("no right to mount a small disk here")
    yield str(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.errors("message not taken", "store", "disk", "full", "space")
def test_a_full_disk_is_503_and_passes(servers, small_disk, auth, twilio):
    server = servers(DATA_DIR=small_disk, AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    person.go_to("sector")
    fill(small_disk)
    refused = None
    for n in range(300):  # what the database had in reserve is used up first
        other = Person(server)
        answer = other.deliver("Canaria " + "x" * 5000)
        if answer.status == 503:
            refused = (other, answer)
            break
        assert answer.status == 200
    assert refused, "the disk was never full"
    error = json.loads(refused[1].body)["error"]
    assert error["code"] in ("no_space", "unavailable")
    assert server.get("/health")[0] == server.get("/health/ready")[0] == 503
    os.unlink(os.path.join(small_disk, "filler"))
    wait_for("room", 10, lambda: person.deliver("HELP").status == 200, 0.1)
    assert "pincode" in person.say("3")
    assert refused[0].deliver("Hi", sid=refused[1].sid).status == 200, "it was never half done"
    server.stop()
    server.start()
    assert "mobile number" in person.say("400001")


@pytest.mark.errors("message not taken", "store", "full", "space", "limit")
def test_a_file_that_may_not_grow_is_503_and_passes(servers, auth, twilio):
    """The same without the right to mount: the limit of file sizes, set from outside."""
    server = servers(AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    person.go_to("sector")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (400 * 1024, hard))
    refused = None
    for _ in range(500):
        other = Person(server)
        answer = other.deliver("Canaria " + "x" * 5000)
        if answer.status != 200:
            refused = (other, answer)
            break
    assert refused and refused[1].status == 503
    assert json.loads(refused[1].body)["error"]["code"] in ("no_space", "unavailable")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert refused[0].deliver("Hi", sid=refused[1].sid).status == 200
    assert "pincode" in person.say("3")


LEGACY = {"name": "Canaria Legacy", "sector": "Technology", "pincode": "400001", "phone": None}


@pytest.mark.parametrize("step, known, asks", [
    ("sector", ["name"], "sector"), ("phone", ["name", "sector", "pincode"], "mobile number"),
    ("confirmation", ["name", "sector", "pincode", "phone"], "check your details"),
    ("welcome", [], "full name"), ("no_such_step", ["name"], "sector"),
])
def test_sessions_of_the_former_bot_are_taken_over(servers, redis, auth, twilio, step, known, asks):
    server = servers(REDIS_URL=redis.url, AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    data = {k: LEGACY[k] or person.phone for k in known}
    redis.command("SET", "whatsapp_session:" + person.contact, json.dumps({
        "current_step": step, "data": data, "created_at": "2026-11-20T08:00:00.123456",
        "updated_at": "2026-11-20T08:30:00.123456"}))
    said = person.say("Hi")
    assert asks in said, said
    if step == "confirmation":
        for part in ("Canaria Legacy", "Technology", "400001", person.phone):
            assert part in said
        assert "successful" in person.say("YES")
    redis.command("DEL", "whatsapp_session:" + person.contact)


def test_damaged_sessions_of_the_former_bot(servers, redis, twilio):
    server = servers(REDIS_URL=redis.url, TWILIO_API_BASE=twilio.url).start()
    for text in ("", "{", "[]", "null", '{"current_step":5}', '{"current_step":"name","data":[]}',
                 '{"current_step":"sector","data":{"name":{"a":1}}}', "\xff", "[" * 5000,
                 '{"current_step":"phone","data":{"name":"%s"}}' % ("x" * 20000)):
        person = Person(server)
        redis.command("SET", "whatsapp_session:" + person.contact, text)
        assert person.say("Hi")
    redis.command("RPUSH", "whatsapp_session:whatsapp:+91" + (number := new_number()), "a list")
    assert "full name" in Person(server, number).say("Hi")


# ---- the sandbox: from nothing to the login link

@pytest.fixture
def sandbox(servers):
    return servers("sandbox", TWILIO_ACCOUNT_SID=None, TWILIO_AUTH_TOKEN=None, ADMIN_TOKEN=None,
                   SESSION_KEYS=None, TWILIO_API_BASE=None, AUTH_API_URL=None).start()


def test_samvad_chat_goes_from_hi_to_the_otp(sandbox):
    number = new_number()
    lines = ["Hi", "Canaria Rao", "3", "400001", number, "YES"]
    status, out, err = run("chat", env=sandbox.env(), cwd=sandbox.folder,
                           stdin="\n".join(lines) + "\n")
    assert status == 0, err
    assert "Registration successful" in out
    assert f"login?phone=%2B91{number}&source=whatsapp" in out
    assert re.search(rf"SMS to \+91{number}> .*\b\d{{6}}\b", out), out


def test_samvad_send(sandbox):
    status, out, _ = run("send", "+919000000001", "Hi", env=sandbox.env(), cwd=sandbox.folder)
    assert status == 0 and "full name" in out
    sandbox.stop()
    status, out, err = run("send", "+919000000001", "Hi", env=sandbox.env(), cwd=sandbox.folder)
    assert status == 1 and err and not out


def test_the_sandbox_is_kept_over_a_restart(sandbox):
    assert run("send", "+919000000002", "Hi", env=sandbox.env())[0] == 0
    sandbox.stop()
    sandbox.start()
    status, out, _ = run("send", "+919000000002", "Canaria Rao", env=sandbox.env())
    assert status == 0 and "sector" in out
    for name in ("sandbox.json", "session.keys", "samvad.db"):
        mode = os.stat(os.path.join(sandbox.settings["DATA_DIR"], name)).st_mode
        assert mode & 0o077 == 0, name


def test_unsigned_messages_are_refused_in_the_sandbox_too(sandbox):
    status, _, _ = sandbox.request("POST", "/webhook", b"From=whatsapp%3A%2B1&MessageSid=SM1",
                                   headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 403


# ---- the other commands

@pytest.mark.parametrize("args, status, says", [
    (["version"], 0, "samvad"), (["--help"], 0, "serve"), ([], 2, "Usage"),
    (["nonsense"], 2, "nonsense"), (["version", "extra"], 2, ""), (["sign"], 2, ""),
    (["verify"], 2, ""), (["send", "one"], 2, ""), (["render"], 2, ""), (["show"], 2, ""),
    (["show", "nonsense"], 2, ""), (["check", "/nowhere"], 1, ""),
    (["check", os.path.join(ROOT, "templates", "msme")], 0, "0 errors"),
    (["show", "config"], 0, "PORT="), (["show", "config", "--markdown"], 0, "| `PORT` |"),
    (["show", "config", "--env-example"], 0, "#PORT="),
], ids=lambda x: " ".join(x)[:30] if isinstance(x, list) else None)
def test_commands(tmp_path, args, status, says):
    got, out, err = run(*args, cwd=tmp_path)
    assert got == status, out + err
    assert says in out + err
    if status == 2:
        assert err and not out, "usage goes to standard error"


def test_every_command_has_help():
    _, out, _ = run("--help")
    names = re.findall(r"^  ([a-z]+) ", out, re.M)
    assert len(names) >= 9
    for name in names:
        status, out, _ = run(name, "--help")
        assert status == 0 and f"samvad {name}" in out


def test_show_config_hides_secrets():
    env = {"TWILIO_AUTH_TOKEN": canary.AUTH_TOKEN, "ADMIN_TOKEN": canary.ADMIN_TOKEN,
           "SESSION_KEYS": canary.KEY_1, "REDIS_URL": "redis://:secret-canary@h:1/0"}
    status, out, err = run("show", "config", env=env)
    assert status == 0 and not canary.find(out + err) and "secret-canary" not in out
    assert "TWILIO_AUTH_TOKEN=(set)" in out


def test_samvad_render(tmp_path):
    (tmp_path / "a.txt").write_text("Hi {{name}}{{>b}}\n")
    (tmp_path / "b.txt").write_text("!")
    status, out, _ = run("render", "a.txt", "--data", '{"name":"<&>"}', cwd=tmp_path)
    assert (status, out) == (0, "Hi <&>!\n")
    status, out, _ = run("render", "a.txt", "--data", '{"name":"<&>"}', "--escape", "xml",
                         cwd=tmp_path)
    assert (status, out) == (0, "Hi &lt;&amp;&gt;!\n")
    (tmp_path / "c.txt").write_text("line one\n{{#open}}\n")
    status, _, err = run("render", "c.txt", "--data", "{}", cwd=tmp_path)
    assert status == 1 and "c.txt" in err
    assert run("render", "a.txt", "--data", "{", cwd=tmp_path)[0] != 0
    (tmp_path / "d.txt").write_text("{{> nowhere}}")  # a neighbour's fault is its own
    assert run("render", "a.txt", "--data", "{}", cwd=tmp_path)[:2] == (0, "Hi !\n")
    (tmp_path / "b.txt").write_text("{{> e}}")
    status, _, err = run("render", "a.txt", "--data", "{}", cwd=tmp_path)
    assert status == 1 and "b.txt:1: there is no partial e.txt" in err


def test_samvad_check_names_the_fault(own_templates):
    flow = own_templates / "msme" / "flow.json"
    flow.write_text(flow.read_text().replace('"goto": "pincode"', '"goto": "pinkode"'))
    status, out, err = run("check", str(own_templates / "msme"))
    assert status == 1 and "pinkode" in out + err and "flow.json" in out + err


def test_signals_that_mean_nothing_do_nothing(embedded):
    os.kill(embedded.process.pid, signal.SIGPIPE)
    assert Person(embedded).say("Hi")
    connection(embedded.port, 5).close()
