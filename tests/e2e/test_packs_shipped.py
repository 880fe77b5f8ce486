"""The packs that come along: proven, covered by their conversations, and played over signed webhooks."""
import os
import shutil
import subprocess

import pytest

from person import Person
from server import ROOT, run
from twin import Twin, start

PACKS = ["msme", "wafr", "production"]


@pytest.mark.parametrize("pack", PACKS)
def test_checked_and_covered(pack):
    folder = os.path.join(ROOT, "templates", pack)
    status, out, err = run("check", folder)
    assert status == 0 and "0 errors, 0 warnings" in out, out + err
    status, out, err = run("test", "--strict", folder)
    assert status == 0 and ", 0 failed" in out, out + err


@pytest.mark.errors("call failed", "breaker")
@pytest.mark.parametrize("pack", ["wafr", "production"])
def test_played_on_a_server(servers, store, pack):
    server = start(servers, FLOW=pack, **store)
    status, out, err = run("test", "--http", server.url, os.path.join(ROOT, "templates", pack),
                           timeout=240)
    assert status == 0 and ", 0 failed" in out, out + err


def test_the_demo_answers_by_itself(servers):
    """What `make run` shows with FLOW=production: nothing is told beforehand."""
    person = Person(start(servers, FLOW="production"))
    person.say("hi")
    person.say("1")
    assert "ORD-001 · Steel gate: in production" in person.say("1")
    card = person.say("1")
    assert "*Order ORD-001*" in card and "Quantity: 12" in card
    person.say("2")
    assert "no order ORD-900 of yours" in person.say("ORD-900")


def test_a_setting_says_where_the_operator_is(servers):
    """Set in the environment, it is no demo any more: nobody answers there."""
    person = Person(start(servers, FLOW="wafr", TOPUP_API_URL="http://127.0.0.1:9"))
    for text in ("bonjour", "1", "1", "0612345678", "1", "1"):
        person.say(text)
    assert "L’opérateur est injoignable" in person.say("oui")


@pytest.mark.parametrize("pack,words", [
    ("wafr", ["hi", "3", "1", "0612345678", "1", "1", "yes", "menu", "1", "0600000000", "1", "1",
              "yes", "cancel"]),
    ("production", ["hi", "1", "1", "2", "3", "2", "ORD-900", "menu", "3", "2", "3"])])
def test_a_transcript_is_a_test(servers, tmp_path, pack, words):
    """What was said to a demo, written down by the sandbox, holds on the engine."""
    phone = Twin(start(servers, FLOW=pack)).phone()
    for word in words:
        phone.say(word)
    folder = tmp_path / pack
    shutil.copytree(os.path.join(ROOT, "templates", pack), folder)
    shutil.rmtree(folder / "tests")
    (folder / "tests").mkdir()
    (folder / "tests" / "told.chat").write_text(phone.transcript(), encoding="utf-8")
    status, out, err = run("test", str(folder))
    assert status == 0 and "1 passed, 0 failed" in out, out + err + phone.transcript()


@pytest.mark.parametrize("pack", ["wafr", "production"])
def test_not_a_line_of_c(pack):
    """The commit that adds a pack holds its own files and no program."""
    log = subprocess.run(["git", "log", "--format=", "--name-only", "--full-diff",
                          "--diff-filter=A", "--", f"templates/{pack}/flow.json"],
                         cwd=ROOT, capture_output=True, text=True)
    if log.returncode or not log.stdout.strip():
        pytest.skip("not in a git tree")
    assert all(n.startswith(f"templates/{pack}/") for n in log.stdout.split())


def top_up(phone, number="0612345678"):
    for word, part in (("1", "numéro"), (number, "montant"), ("1", "offre"), ("1", "Récapitulatif")):
        assert part in phone.say(word)
    return phone.say("oui")


@pytest.mark.parametrize("copies", [1, 8])
def test_no_message_buys_twice(servers, store, copies):
    """Each message arrives so many times at once: the operator is asked once."""
    twin = Twin(start(servers, FLOW="wafr", **store))
    phone = twin.phone()
    phone.say("bonjour")
    phone.say("1")
    twin.faults(duplicate=copies)
    assert "opérateur : OP-1)" in top_up(phone)
    assert "faire" in phone.say("menu")
    assert "opérateur : OP-2)" in top_up(phone, "0712345678")
