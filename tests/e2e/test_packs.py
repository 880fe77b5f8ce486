"""Bots that nobody had in mind: the packs that templates/README.md teaches, on a running server."""
import datetime
import os
import re
import shutil

import pytest

from person import Person
from server import ROOT, run, wait_for
from twin import start

OTHER = "whatsapp:+15550002222"


def page():
    with open(os.path.join(ROOT, "templates", "README.md"), encoding="utf-8") as f:
        return f.read()


def write_bot(folder, mark, head):
    """flow.json behind the mark, and the texts of the table that begins with head."""
    text = page()
    block = text[text.index(mark):].split("```json\n", 1)[1].split("```", 1)[0]
    (folder / "en").mkdir(parents=True)
    (folder / "flow.json").write_text(block, encoding="utf-8")
    for line in text[text.index(head):].split("\n")[2:]:
        row = re.match(r"\| `(\w+\.txt)` \| `(.*)` \|$", line)
        if not row:
            break
        (folder / "en" / row[1]).write_text(row[2], encoding="utf-8")


@pytest.fixture
def bots(tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(os.path.join(ROOT, "templates"), folder)
    write_bot(folder / "coffee", "`coffee/flow.json`", "| file | text |")
    write_bot(folder / "workshop", "`workshop/flow.json`", "| text | says |")
    return folder


def test_the_full_bot(servers, store, bots):
    """Menu, back, buttons, a reminder, a record, a look-up and a change of its state."""
    server = start(servers, TEMPLATES_DIR=bots, FLOW="workshop", **store)
    soon = datetime.date.today() + datetime.timedelta(days=7)
    chat = page().split("`workshop/tests/booking.chat`", 1)[1].split("```chat\n", 1)[1]
    chat = chat.split("```", 1)[0].replace("> 12.1.2026", f"> {soon:%d.%m.%Y}")
    (bots / "workshop" / "tests").mkdir()
    (bots / "workshop" / "tests" / "booking.chat").write_text(
        chat.replace("12.01.2026", f"{soon:%d.%m.%Y}"), encoding="utf-8")
    status, out, err = run("test", "--http", server.url, str(bots / "workshop"),
                           env={"TEMPLATES_DIR": bots}, timeout=60)
    assert status == 0, out + err
    assert "1 passed, 0 failed" in out


def test_the_number_says_which_bot(servers, bots):
    (bots / "senders.json").write_text(f'{{"{OTHER}": "coffee"}}')
    server = servers(TEMPLATES_DIR=bots).start()
    person = Person(server)
    assert "MSMEBazaar" in person.say("hi")
    assert "What is your name?" in person.say("hi", To=OTHER)
    assert person.say("Canaria", To=OTHER) == "How many cups, Canaria?"
    assert person.say("3", To=OTHER) == "Thank you, Canaria: 3 cups."
    assert "MSMEBazaar" in person.say("hi")


@pytest.mark.errors("flow fault", "reload refused")
def test_all_packs_are_reloaded_or_none(servers, bots):
    (bots / "senders.json").write_text(f'{{"{OTHER}": "coffee"}}')
    server = servers(TEMPLATES_DIR=bots).start()
    welcome = bots / "msme" / "en" / "welcome.txt"
    welcome.write_text("NEW WORDS " + welcome.read_text())
    flow = bots / "coffee" / "flow.json"
    good = flow.read_text()
    flow.write_text(good.replace('"start"', '"strat"'))
    server.hup()
    wait_for("the refusal", 10, lambda: "reload refused" in server.log.text())
    assert "NEW WORDS" not in Person(server).say("hi")
    flow.write_text(good)
    server.hup()
    wait_for("both packs", 10, lambda: server.log.text().count('"flow reloaded"') == 2)
    assert "NEW WORDS" in Person(server).say("hi")
    assert "What is your name?" in Person(server).say("hi", To=OTHER)


def test_senders_that_are_wrong_stop_the_start(bots):
    (bots / "senders.json").write_text('{"+1555": "coffee"}')
    status, _, err = run("serve", env={"TEMPLATES_DIR": bots, "PORT": "0", "SANDBOX": "1"})
    assert status == 1
    assert '"+1555" is no address' in err
