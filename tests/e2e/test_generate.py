"""samvad test --generate and --mutate, as an author of packs meets them."""
import os
import shutil
import subprocess

import pytest

from server import BIN, ROOT

TEMPLATES = os.path.join(ROOT, "templates")
PACKS = [name for name in sorted(os.listdir(TEMPLATES))
         if os.path.exists(os.path.join(TEMPLATES, name, "flow.json"))]


def run(*arguments):
    done = subprocess.run([BIN, "test", *map(str, arguments)], capture_output=True, check=False,
                          timeout=120, cwd=ROOT)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


@pytest.fixture(name="pack")
def _pack(tmp_path, request):
    folder = tmp_path / request.param
    shutil.copytree(os.path.join(TEMPLATES, request.param), folder,
                    ignore=shutil.ignore_patterns("tests"))
    return folder


def chats(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.chat")}


@pytest.mark.parametrize("pack", PACKS, indirect=True)
def test_what_is_generated_passes_everything(pack):
    status, out, err = run("--generate", "--strict", pack)
    assert (status, err) == (0, "")
    made = chats(pack / "tests" / "generated")
    assert made and f"{pack}: {len(made)} conversations pass " in out
    for text in made.values():
        assert text.startswith(("# Made by samvad test --generate\n# passes: ",
                                "# Made by samvad test --generate\n# answers: "))
    status, out, _ = run("--strict", pack)
    assert status == 0 and f"{len(made)} passed, 0 failed" in out


def test_again_it_is_the_same_and_elsewhere_too(tmp_path):
    for name in ("one", "other"):
        assert run("--generate", "--out", tmp_path / name, "templates/msme")[0] == 0
    assert chats(tmp_path / "one") == chats(tmp_path / "other")


@pytest.mark.parametrize("pack", ["msme"], indirect=True)
def test_what_is_not_reached_is_told(pack):
    flow = pack / "flow.json"
    text = flow.read_text(encoding="utf-8")
    never = '{ "if": { "all": [{ "set": "name" }, { "not": { "set": "name" } }] }, "goto": "name" },'
    old = '{ "if": { "not": { "set": "name" } }, "goto": "name" },'
    assert old in text
    flow.write_text(text.replace(old, old + never), encoding="utf-8")
    line = text[:text.index(old)].count("\n") + 1
    status, out, _ = run("--generate", "--strict", pack)
    assert status == 1
    assert (f"not reached: {pack}/flow.json:{line}: step details, exit next, branch 2: "
            "its condition never held, or an earlier one always did\n") in out
    assert run("--generate", pack)[0] == 0


def test_the_onboarding_lets_no_change_by():
    status, out, err = run("--mutate", "--strict", "templates/msme")
    assert (status, err) == (0, "")
    assert "not noticed:" not in out
    assert " 0 not noticed; " in out


@pytest.mark.parametrize("pack", ["msme"], indirect=True)
def test_what_nobody_looks_at_is_told(pack):
    tests = pack / "tests"
    tests.mkdir()
    (tests / "hello.chat").write_text("> hi\n< ...\n", encoding="utf-8")
    status, out, _ = run("--mutate", pack)
    assert status == 0 and "command stop: is dropped; no conversation passes there\n" in out
    assert f"not noticed: {pack}/en/welcome.txt:1: is the text of hi/welcome.txt\n" in out
    assert run("--mutate", "--strict", pack)[0] == 1

    (tests / "hello.chat").write_text("> hi\n< Good bye\n", encoding="utf-8")
    status, out, err = run("--mutate", pack)
    assert status == 1 and f"FAILED  {tests}/hello.chat:2: " in out
    assert "changes say something only when all conversations pass" in err


@pytest.mark.parametrize("arguments, why", [
    (["--generate", "--mutate"], "go one at a time"),
    (["--http", "http://127.0.0.1:1", "--mutate"], "go one at a time"),
    (["--out", "x"], "--out goes with --generate"),
    (["--generate", "--out", "x", "a", "b"], "--out takes the conversations of one DIR"),
])
def test_what_does_not_go_together(arguments, why):
    status, _, err = run(*arguments)
    assert status == 2 and why in err


def test_a_folder_that_cannot_be_written(tmp_path):
    status, _, err = run("--generate", "--out", tmp_path / "no" / "where", "templates/msme")
    assert status == 1 and "where" in err
