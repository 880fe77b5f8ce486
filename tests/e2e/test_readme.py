"""README.md, "Write your own bot": its files, copied from the page, are a bot that works.

Nothing of that bot is known here but what a person would say to it: the files, their names and
the commands are taken from the page as they stand. At the end the examples of templates/README.md
that are no whole bots (those: test_packs.py).
"""
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from person import Person
from server import BIN, ROOT, clean_env, run
from twin import start

TAUGHT = os.path.join(ROOT, "templates", "README.md")
NEEDED = ("twiml", "sandbox", "flow.schema.json")  # what a server needs beside its bot


def section():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return re.search(r"^## Write your own bot\n(.*?)^## ", f.read(), re.M | re.S)[1]


def files():
    """{name: content} of the code blocks that stand under a file's name."""
    return dict(re.findall(r"^`(templates/[^`\n]+)`[^`\n]*(?:`[^`\n]+`[^`\n]*)*\n```\w*\n(.*?)^```$",
                           section(), re.M | re.S))


def commands():
    """The lines of the one block of commands, and the folders that the text says to make."""
    block, = re.findall(r"^```sh\n(.*?)^```$", section(), re.M | re.S)
    made, = re.findall(r"`(mkdir -p [^`]+)`", section())
    return made, block.splitlines()


@pytest.fixture(name="home")
def fixture_home(tmp_path):
    """Where somebody followed the page: templates/ with the bot, build/samvad."""
    home = tmp_path / "home"
    for name in NEEDED:
        source = os.path.join(ROOT, "templates", name)
        os.makedirs(home / "templates", exist_ok=True)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, home / "templates" / name)
    os.mkdir(home / "build")
    os.symlink(BIN, home / "build" / "samvad")
    subprocess.run(["sh", "-ec", commands()[0]], cwd=home, check=True)
    for path, content in files().items():
        (home / path).write_text(content, encoding="utf-8")
    return home


def command(home, line):
    """A command of the page, as it stands there."""
    assert line in commands()[1], f"the page does not say: {line}"
    done = subprocess.run(["sh", "-ec", line], cwd=home, env=clean_env(), check=False,
                          capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def flow_of(servers, home, **more):
    """A server that is started with the settings of the page's `make run`."""
    line, = [x for x in commands()[1] if x.endswith("make run")]
    settings = dict(word.split("=") for word in line.split()[:-2])
    return start(servers, TEMPLATES_DIR=home / "templates", **settings, **more)


def test_it_is_as_small_as_it_looks():
    (flow,), chats = [[p for p in files() if p.endswith(end)] for end in (".json", ".chat")]
    assert flow == "templates/cake/flow.json" and chats == ["templates/cake/tests/order.chat"]
    assert files()[flow].count("\n") < 30 and max(map(len, files()[flow].splitlines())) <= 100
    texts = [p for p in files() if re.fullmatch(r"templates/cake/en/\w+\.txt", p)]
    assert len(texts) == 5 and len(files()) == 7, list(files())
    steps = json.loads(files()[flow])["steps"].values()
    values = json.loads(files()[flow])["values"]
    assert len({values[s["save"]]["type"] for s in steps if "ask" in s}) == 3, "three kinds"
    assert section().count("```") == 2 * (len(files()) + 1), "each block is a file or commands"


def test_its_commands_do_what_the_page_says(home):
    assert command(home, "build/samvad check templates/cake").endswith(": 0 errors, 0 warnings\n")
    out = command(home, "build/samvad test --strict templates/cake")
    assert re.search(r"steps (\d+)/\1 \(100 %\), exits (\d+)/\2 \(100 %\)\n1 passed, 0 failed\n$", out), out
    command(home, "build/samvad draw --out templates/cake/flow.svg templates/cake")
    boxes = ET.parse(home / "templates/cake/flow.svg").iter("{http://www.w3.org/2000/svg}g")
    drawn = {b.get("id") for b in boxes if b.get("id")}
    assert drawn == {f"step-{s}" for s in ("cake", "guests", "name", "done")}


def test_a_conversation_over_signed_webhooks(servers, home):
    """A choice, a number, a name; wrong ones, the way back, the end, another round."""
    server = flow_of(servers, home)
    person = Person(server)
    cakes, guests = "🎂 Which cake?\n1. Chocolate\n2. Lemon", "How many guests, 2 to 40?"
    sorry = "Sorry, that did not work. Please try again, or reply *BACK* or *RESTART*.\n\n"
    assert person.say("good morning") == cakes
    for cake in ("Vanilla", "Cherry", "Plum"):
        assert person.say(cake) == sorry + cakes
    assert person.say("2") == guests
    assert person.say("41") == sorry + guests
    assert person.say("३") == ("Lemon for 3. All right? Then tell me your name; if not, "
                               "reply *BACK*.")
    assert person.say("back") == guests
    assert person.say("BACK!") == cakes
    assert person.say("Chocolate", ButtonPayload="chocolate", ButtonText="Chocolate") == guests
    assert person.say("12").startswith("Chocolate for 12. All right?")
    thanks = person.say("Canaria")
    assert re.fullmatch(r"Thank you, Canaria! Your order is CAKE-[A-Z0-9-]+: Chocolate for 12\. "
                        r"Another one\? Reply \*RESTART\*\.", thanks), thanks
    assert server.json("/stats", admin=True)["step_distribution"]["done"] == 1
    assert person.say("thanks") == thanks
    assert person.say("restart") == cakes
    assert person.say("1") == guests


def test_its_conversation_on_a_running_server(servers, home):
    """The page's .chat as it stands, through store and phone; and samvad chat, which it names."""
    server = flow_of(servers, home)
    status, out, err = run("test", "--http", server.url, str(home / "templates" / "cake"),
                           env={"TEMPLATES_DIR": home / "templates", "FLOW": "cake"}, timeout=60)
    assert status == 0 and "1 passed, 0 failed, 0 cannot" in out, out + err
    assert "`build/samvad chat`" in section()
    status, out, err = run("chat", env=server.env(), cwd=server.folder, stdin="Hi\nlemon\n3\n")
    assert status == 0 and "Lemon for 3." in out, out + err


# ---- templates/README.md

def taught():
    with open(TAUGHT, encoding="utf-8") as f:
        return f.read()


def test_each_fragment_is_json():
    blocks = re.findall(r"^```json\n(.*?)^```$", taught(), re.M | re.S)
    assert len(blocks) > 15
    for block in blocks:
        json.loads(block if block.startswith("{") else "{" + block + "}")


def test_sections_are_numbered_and_found():
    heads = [int(n) for n in re.findall(r"^## (\d+)\. ", taught(), re.M)]
    assert heads == list(range(1, len(heads) + 1))
    links = re.findall(r"\]\(([^)#]+)\)", taught())
    assert links and all(os.path.exists(os.path.join(ROOT, "templates", x)) for x in links)
    assert {int(n) for n in re.findall(r"section (\d+)", taught())} <= set(heads)


def test_the_example_conversation(tmp_path):
    chat, = re.findall(r"^```chat\n(# A slip.*?)^```$", taught(), re.M | re.S)
    pack = tmp_path / "msme"
    shutil.copytree(os.path.join(ROOT, "templates", "msme"), pack,
                    ignore=shutil.ignore_patterns("*.chat"))
    (pack / "tests").mkdir(exist_ok=True)
    (pack / "tests" / "example.chat").write_text(chat, encoding="utf-8")
    status, out, err = run("test", str(pack))
    assert status == 0 and "1 passed, 0 failed" in out, out + err
