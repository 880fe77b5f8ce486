"""The pack's conversations on a running server, and a conversation written down as one."""
import os
import re
import shutil

import pytest

from person import new_number
from server import ROOT, run
from twin import Twin, start

MSME = os.path.join(ROOT, "templates", "msme")

OPENING = """> hi
<~ full name
> Canaria Rao
<~ sector
> 3
<~ pincode
> 400001
<~ mobile
> 9876543210
<~ details
"""

ENDS = OPENING + """> yes
call send_otp -> 429
<~ only a moment ago
> yes
call send_otp -> timeout
< ⏳ The OTP service did not answer in time. …
> yes
call send_otp -> malformed
<~ cannot reach
> yes
call send_otp -> 503
<~ cannot reach
> yes
call send_otp -> 422
<~ did not accept
< ...
expect step phone
> 9876543211
<~ details
> yes
expect step otp
> hello?
<~ Still working
call send_otp -> 500
<~ cannot reach
> yes
call send_otp -> 200 {"success": true}
<~ Registration successful!
expect step completed
"""


@pytest.fixture
def server(servers, store):
    return start(servers, AUTH_API_TIMEOUT_MS=3000, **store)


@pytest.fixture
def embedded(servers):
    return start(servers, AUTH_API_TIMEOUT_MS=3000)


@pytest.fixture
def pack(tmp_path):
    """A copy of the pack with conversations of the test's own: pack(name=text)."""
    folder = tmp_path / "msme"

    def make(**chats):
        shutil.copytree(MSME, folder, ignore=shutil.ignore_patterns("*.chat"))
        (folder / "tests").mkdir(exist_ok=True)
        for name, text in chats.items():
            (folder / "tests" / f"{name}.chat").write_text(text, encoding="utf-8")
        return str(folder)

    return make


def play(server, folder, seconds=60):
    status, out, err = run("test", "--http", server.url, folder, timeout=seconds)
    return status, out, err


def chat(name):
    with open(os.path.join(MSME, "tests", f"{name}.chat"), encoding="utf-8") as f:
        return f.read()


# ---- playing

def test_the_packs_conversations(server):
    names = sorted(os.listdir(os.path.join(MSME, "tests")))
    cannot = ["corrections_hindi.chat", "otp.chat", "otp_hindi.chat"]
    status, out, err = play(server, MSME)
    assert status == 0, out + err
    assert sorted(re.findall(r"^ok +\S*/(\S+)$", out, re.M)) == [
        n for n in names if n not in cannot]
    assert re.findall(r"^skipped \S*/(\S+):\d+: cannot be played over HTTP: ", out, re.M) == cannot
    assert re.search(r"\d+ expectations do not show over HTTP", out)
    assert out.endswith(f"{len(names) - 3} passed, 0 failed, 3 cannot be played over HTTP\n")
    state = Twin(server).state()
    assert state["faults"]["auth"] == "ok" and state["phones"] == []


def test_each_end_that_the_demo_can_make(server, pack):
    folder = pack(ends=ENDS, ends_too=ENDS, good=chat("first_go"))
    status, out, err = play(server, folder)
    assert status == 0, out + err
    assert "3 passed, 0 failed, 0 cannot" in out
    assert re.findall(r"(\w+)\.chat$", out, re.M) == ["good", "ends", "ends_too"]


def test_results_that_come_late(servers, pack):
    server = start(servers, AUTH_API_TIMEOUT_MS=2500, REPLY_BUDGET_MS=500)
    status, out, err = play(server, pack(ends=ENDS))
    assert status == 0, out + err
    assert "1 passed, 0 failed" in out
    assert server.metric("samvad_sends_total") >= 1, "the outbox sent what was late"


def test_a_changed_text_fails_at_its_line(embedded, pack):
    good = chat("first_go")
    line = next(n for n, x in enumerate(good.split("\n"), 1) if "Reply with the number" in x)
    folder = pack(first=good.replace("Reply with the number", "Answer with the number"))
    status, out, _ = play(embedded, folder)
    assert status == 1
    assert f"FAILED  {folder}/tests/first.chat:{line}: the reply differs\n" in out
    assert "    expected  Answer with the number" in out
    assert "    got       Reply with the number" in out
    assert out.endswith("0 passed, 1 failed, 0 cannot be played over HTTP\n")


@pytest.mark.parametrize("was,now,fault", [
    ("expect step completed", "expect step confirmation", "the step differs"),
    ("<~ did not accept\n< ...\n", "<~ did not accept\n", None),
    ("<~ Still working", "<~ Still asleep", "the reply differs"),
    ("< ⏳ The OTP service did not answer in time. …", "< ⏳ Another", "the reply differs"),
    ("<~ only a moment ago", "<~ only a moment ago\n< more", "the reply differs"),
    ("> hello?\n<~ Still working", "> hello?", "the reply goes on, and nobody expects it"),
])
def test_a_changed_expectation_fails(embedded, pack, was, now, fault):
    assert was in ENDS
    status, out, _ = play(embedded, pack(ends=ENDS.replace(was, now)))
    if fault is None:  # "<~" leaves the rest of the reply open
        assert status == 0, out
        return
    found = re.search(r"^FAILED +\S+/ends\.chat:(\d+): (.*)$", out, re.M)
    assert status == 1 and found and found.group(2) == fault, out
    assert abs(int(found.group(1)) - ENDS[:ENDS.index(was)].count("\n")) <= 3
    assert Twin(embedded).state()["faults"]["auth"] == "ok"


def test_the_servers_own_text_counts(servers, tmp_path, pack):
    """The engine of the tester is not asked what is said."""
    folder = pack(first=chat("first_go"))
    other = tmp_path / "other"
    shutil.copytree(os.path.join(ROOT, "templates"), other)
    text = other / "msme" / "en" / "ask_pincode.txt"
    text.write_text(text.read_text(encoding="utf-8").replace("pincode", "PIN"), encoding="utf-8")
    server = start(servers, TEMPLATES_DIR=str(other))
    assert run("test", folder)[0] == 0
    status, out, _ = play(server, folder)
    assert status == 1 and "the reply differs" in out and "*PIN*" in out


@pytest.mark.parametrize("name,text,line,why", [
    ("words", OPENING + "> yes\ncall send_otp -> busy\n<~ cannot\n", 12, 'end as "busy"'),
    ("language", "language hi\n> hi\n< ...\n", 1, "remembered"),
    ("setting", "# x\nsetting WEB_APP_URL https://x\n> hi\n< ...\n", 2, "settings"),
    ("failures", OPENING + 6 * "> yes\ncall send_otp -> 500\n<~ cannot\n", 27, "in a row"),
])
def test_what_cannot_be_played(embedded, pack, name, text, line, why):
    folder = pack(**{name: text})
    status, out, _ = play(embedded, folder)
    told = re.search(rf"^skipped \S+/{name}\.chat:(\d+): cannot be played over HTTP: (.*)$", out,
                     re.M)
    assert told and int(told.group(1)) == line and why in told.group(2), out
    assert status == 1, "nothing was played"


def test_the_breaker_is_closed_between_files(servers, pack):
    """Four failures each: without a good call in between the second would find it open."""
    server = start(servers)
    failing = OPENING + 4 * "> yes\ncall send_otp -> 500\n<~ cannot reach\n"
    status, out, err = play(server, pack(a=failing, b=failing, good=chat("first_go")))
    assert status == 0, out + err
    assert "3 passed" in out


def test_without_a_good_call_the_second_is_skipped(embedded, pack):
    failing = OPENING + 4 * "> yes\ncall send_otp -> 500\n<~ cannot reach\n"
    status, out, _ = play(embedded, pack(a=failing, b=failing))
    assert status == 0 and "1 passed, 0 failed, 1 cannot" in out, out
    assert re.search(r"^skipped \S+/b\.chat:1: ", out, re.M)


def test_nobody_there(servers, pack):
    folder = pack(first=chat("first_go"))
    server = start(servers)
    server.stop()
    status, out, err = play(server, folder)
    assert status == 1 and "nothing answers" in err and not out
    status, _, err = run("test", "--http", server.url, "--strict", folder)
    assert status == 2 and "--strict" in err


def test_no_sandbox(servers, auth, twilio, pack):
    server = servers(AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()
    status, out, err = play(server, pack(first=chat("first_go")))
    assert status == 1 and "not in sandbox mode" in err and not out


# ---- writing down

@pytest.fixture
def sandbox(servers):
    return servers("sandbox", TWILIO_ACCOUNT_SID=None, TWILIO_AUTH_TOKEN=None, ADMIN_TOKEN=None,
                   SESSION_KEYS=None, TWILIO_API_BASE=None, AUTH_API_URL=None)


def record(server, path, lines, *more):
    return run("chat", "--record", str(path), *more, env=server.env(), cwd=server.folder,
               stdin="\n".join(lines) + "\n")


@pytest.mark.parametrize("url,said", [
    ("http://localhost:3000", ""), ("https://app.example", "setting WEB_APP_URL https://app.example"),
])
def test_a_recorded_chat_is_a_test(sandbox, pack, tmp_path, url, said):
    sandbox.set(WEB_APP_URL=url)
    sandbox.start()
    path = tmp_path / "typed.chat"
    number = new_number()
    lines = ["Hi", "Canaria Rao", "oops", "3", "400001", number, "YES", "status"]
    status, out, err = record(sandbox, path, lines)
    assert status == 0 and "Registration successful" in out, out + err
    text = path.read_text(encoding="utf-8")
    assert f"> {number}" in text and "\ncall send_otp -> 200 {" in text and "REG-…" in text
    assert [x for x in text.split("\n") if x.startswith("setting")] == [said] * bool(said)
    folder = pack(typed=text)
    status, out, err = run("test", folder)
    assert status == 0 and f"ok      {folder}/tests/typed.chat" in out, text + out + err
    status, out, _ = play(sandbox, folder)
    assert ("1 passed, 0 failed, 0 cannot" if not said else "0 failed, 1 cannot") in out, out
    assert status == bool(said)


def test_a_changed_pack_fails_a_recorded_chat(sandbox, pack, tmp_path):
    sandbox.start()
    path = tmp_path / "typed.chat"
    assert record(sandbox, path, ["Hi", "Canaria Rao"])[0] == 0
    folder = pack(typed=path.read_text(encoding="utf-8"))
    text = os.path.join(folder, "en", "ask_sector.txt")
    with open(text, "a", encoding="utf-8") as f:
        f.write("And nothing else.\n")
    status, out, _ = run("test", folder)
    assert status == 1
    assert re.search(r"^FAILED  \S+/tests/typed\.chat:\d+: the reply goes on", out, re.M), out


def test_a_record_that_cannot_be(sandbox, tmp_path):
    sandbox.start()
    there = tmp_path / "there.chat"
    there.write_text("> mine\n", encoding="utf-8")
    for path, why in ((there, "there already"), (tmp_path / "no" / "x.chat", "no file can be")):
        status, out, err = record(sandbox, path, ["Hi"])
        assert status == 1 and why in err and not out
    assert there.read_text(encoding="utf-8") == "> mine\n"
    sandbox.stop()
    sandbox.set(TWILIO_API_BASE="http://127.0.0.1:9", TWILIO_ACCOUNT_SID="AC" + 32 * "0",
                TWILIO_AUTH_TOKEN="0" * 32, ADMIN_TOKEN="x" * 20, SANDBOX=0)
    status, _, err = record(sandbox, tmp_path / "y.chat", ["Hi"])
    assert status == 1 and "needs the sandbox" in err


def test_a_pack_with_faults_is_named_by_file_and_line(pack):
    folder = pack(one="> Hi\n< ...\n")
    path = os.path.join(folder, "flow.json")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace('"goto": "completed"', '"goto": "nowhere"'))
    status, out, err = run("test", folder)
    assert status == 1 and "nothing was tested" in err
    assert re.search(r'^error: \S+/flow\.json:\d+: step otp, .*there is no step "nowhere"', out, re.M), out
