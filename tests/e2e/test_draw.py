"""samvad draw: pictures that can be read, of packs that nobody has drawn before.

What an eye would see is measured: boxes that cover each other, arrows that end in the air,
words that lie on other words or run out of the page.
"""
import json
import os
import random
import re
import resource
import subprocess
import xml.etree.ElementTree as ET

import pytest

from server import BIN, ROOT

SVG = "{http://www.w3.org/2000/svg}"
SYSTEM = ("one_moment too_fast trouble still_working media_instead way_out expired "
          "flow_changed").split()
HOSTILE = '<script>alert(1)</script> & "quotes" ]]> \'x\' `y` {{name}} \\ ; --> *bold*'


def draw(folder, *more):
    done = subprocess.run([BIN, "draw", *more, str(folder)], capture_output=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8")


def write_pack(folder, steps, texts=None, commands=None, **more):
    os.makedirs(folder / "en")
    flow = {"flow": "bot", "version": 1, "languages": {"en": {}}, "start": next(iter(steps)),
            "values": {"name": {"type": "text"}}, "steps": steps, "commands": commands or {},
            "system": dict.fromkeys(SYSTEM, "said"), **more}
    (folder / "flow.json").write_text(json.dumps(flow), encoding="utf-8")
    for name, text in {"said": "Said.", "ask": "What?", **(texts or {})}.items():
        (folder / "en" / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def asks(**more):
    return {"ask": "ask", "wrong": "said", "save": "name", **more}


def menu(exits, **more):
    options = [{"id": o, "label": {"en": o}} for o in exits]
    return {"ask": "ask", "wrong": "said", "input": {"type": "choice", "options": options},
            "exits": exits, **more}


@pytest.fixture(name="bot")
def fixture_bot(tmp_path):
    """Everything that a flow can do, with names and texts made to break a picture."""
    longest = "a_name_that_is_forty_characters_long_xxx"
    return write_pack(
        tmp_path / "bot",
        {"end": {"say": "hostile", "next": "menu"},
         "menu": menu({"one": longest, "two": "call", "three": "@same", "four": "@back",
                       "five": {"record": "defect", "say": "said", "goto": "end"},
                       "six": [{"if": {"set": "name"}, "goto": "done"}, {"goto": "menu"}]},
                      stuck={"say": "said", "goto": "call"}),
         longest: asks(next="menu", shown=False),
         "call": {"call": "ask_shop", "exits": {"ok": "done", "otherwise": "menu"}},
         "done": {"end": True, "again": {"say": "said", "goto": "menu"}, "shown": "graph"}},
        texts={"hostile": HOSTILE + "\nsecond line", "ask": "كيف حالك؟ नमस्ते 👋 " + "w" * 500},
        commands={"help": {"words": {"en": ["<help>", "\"&\""]}, "do": {"say": "said", "goto": "@same"}},
                  "back": {"words": {"en": ["back"]}, "do": "@back"}},
        records={"defect": {"fields": ["name"]}},
        calls={"ask_shop": {"method": "GET", "url": "{{env.X}}", "timeout_ms": "1000",
                            "outcomes": [{"name": "ok", "status": "2xx"}]}},
        reminders=[{"after": "2h", "say": "hostile", "ask": True}],
        expiry={"after": "90m", "do": {"clear": True, "say": "said"}})


def chain(folder, count, seed):
    """Many steps, each leading to the next and to some other."""
    dice = random.Random(seed)
    steps = {}
    for i in range(count):
        other = f"step_{dice.randrange(count)}"
        steps[f"step_{i}"] = menu({"on": f"step_{min(i + 1, count - 1)}", "aside": other})
    steps[f"step_{count - 1}"] = {"end": True, "again": "said"}
    return write_pack(folder, steps)


def packs(tmp_path, bot):
    yield os.path.join(ROOT, "templates/msme")
    yield os.path.join(ROOT, "tests/unit/data/flow")
    yield bot
    for seed, count in enumerate([2, 5, 12, 12, 12, 30, 30, 60]):
        yield chain(tmp_path / f"chain{seed}", count, seed)


# ---- looking at a picture

def number(element, name):
    return float(element.get(name, "0"))


def area(rect):
    x, y = number(rect, "x"), number(rect, "y")
    return x, y, x + number(rect, "width"), y + number(rect, "height")


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def points(path):
    """The corners and handles of a path of M, L, V and C with absolute numbers."""
    x = y = 0.0
    for word, rest in re.findall(r"([MVC])([^MVC]*)", path.get("d")):
        numbers = [float(n) for n in rest.split()]
        if word == "V":
            y = numbers[0]
            yield x, y
            continue
        for k in range(0, len(numbers), 2):
            x, y = numbers[k], numbers[k + 1]
            yield x, y


def look(text):
    root = ET.fromstring(text)
    boxes = {g.get("id"): area(g.find(f"{SVG}rect")) for g in root.findall(f"{SVG}g")}
    labels = [area(r) for r in root.findall(f"{SVG}rect[@class='paper']")]
    arrows = [list(points(p)) for p in root.findall(f"{SVG}path")
              if p.get("class") in ("way", "back")]
    return root, boxes, labels, arrows


def touches(point, boxes):
    return any(b[0] <= point[0] <= b[2] and point[1] in (b[1], b[3]) for b in boxes)


def check_picture(text, steps):
    root, boxes, labels, arrows = look(text)
    page = (0, 0, number(root, "width"), number(root, "height"))
    assert set(boxes) == {f"step-{s}" for s in steps}
    things = list(boxes.items()) + [(f"label {i}", r) for i, r in enumerate(labels)]
    for i, (name, a) in enumerate(things):
        assert page[0] <= a[0] and a[2] <= page[2] and page[1] <= a[1] and a[3] <= page[3], name
        for other, b in things[i + 1:]:
            assert not overlap(a, b), f"{name} covers {other}"
    for arrow in arrows[:-1]:  # the last one comes from the dot
        assert touches(arrow[0], boxes.values()) and touches(arrow[-1], boxes.values()), arrow
        assert all(0 <= x <= page[2] and 0 <= y <= page[3] for x, y in arrow), arrow


# ---- tests

def test_pictures_can_be_read(tmp_path, bot):
    for pack in packs(tmp_path, bot):
        with open(os.path.join(pack, "flow.json"), encoding="utf-8") as f:
            steps = json.load(f)["steps"]
        text = draw(pack)
        check_picture(text, steps)
        assert draw(pack) == text


def test_pictures_need_nothing_from_elsewhere(bot):
    text = draw(bot)
    root = ET.fromstring(text)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= \
        {"svg", "title", "style", "rect", "path", "circle", "g", "text"}
    assert not re.search(r"href|url\(|@import|on\w+=", text)
    assert text.count("http") == 1  # the name space
    shown = " ".join(t.text for t in root.iter(f"{SVG}text"))
    assert "<script>alert" in shown and "<help>, \"&\"" in shown and "second line" not in shown
    assert "defect" in shown and "ask_shop" in shown and "GET" in shown
    assert "after 2 h of silence" in shown and "after 90 min of silence" in shown


def test_long_words_are_cut(bot):
    for text in ET.fromstring(draw(bot)).iter(f"{SVG}text"):
        assert len(text.text) <= 80, text.text
    assert "…" in draw(bot)


def test_what_stays_is_told_in_the_box(bot):
    root = ET.fromstring(draw(bot))
    told = [t.text for t in root.find(f"{SVG}g[@id='step-menu']").findall(f"{SVG}text")]
    assert any(t.startswith("three") for t in told) and "four" in told


def test_many_steps_are_drawn_in_time(tmp_path):
    pack = chain(tmp_path / "many", 500, 7)
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert draw(pack).count("<g id=") == 500
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 30


def test_mermaid_is_safe(bot):
    text = draw(bot, "--mermaid")
    lines = text.splitlines()
    assert lines[0] == "flowchart TD"
    names = set(re.findall(r"^  s_(\w+)[\[({]", text, re.M))
    assert names == {"end", "menu", "a_name_that_is_forty_characters_long_xxx", "call", "done"}
    for line in lines[1:]:
        outside = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(
            r'  (start\(\(""\)\) --> s_\w+|s_\w+(\(""\)|\{\{""\}\}|\[""\]|\[\[""\]\]|\(\[""\]\))'
            r'|s_\w+ <?-->(\|""\|)? s_\w+|s_\w+ -\.-> r_\w+\[\(""\)\]'
            r'|subgraph commands \[""\]|  c_\d+\[""\]|end)', outside), line
        for word in re.findall(r'"([^"]*)"', line):
            assert not re.search(r"[<>`\\]|&(?!#)", word.replace("<br/>", "")), line
    assert "s_menu -.-> r_defect" in text
    assert draw(bot, "--mermaid") == text


def test_out_writes_the_same(bot, tmp_path):
    path = tmp_path / "picture.svg"
    assert draw(bot, "--out", str(path)) == ""
    assert path.read_text(encoding="utf-8") == draw(bot)


def test_a_broken_pack_is_not_drawn(tmp_path):
    pack = write_pack(tmp_path / "broken", {"a": {"say": "said", "next": "nowhere"}})
    done = subprocess.run([BIN, "draw", str(pack)], capture_output=True, check=False, timeout=20)
    assert done.returncode == 1 and done.stdout == b""
    assert b"samvad check" in done.stderr
