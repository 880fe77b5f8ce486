"""samvad check: every kind of fault with its exact words, and none where there is none.

Each folder of tests/unit/data/broken is a small pack with one fault; `expected` in it is what
`samvad check` prints about it. A new kind of fault is a new folder.
"""
import json
import os
import re
import subprocess

import pytest

from server import BIN, ROOT

BROKEN = "tests/unit/data/broken"
KINDS = sorted(os.listdir(os.path.join(ROOT, BROKEN)))


def check(*arguments):
    return subprocess.run([BIN, "check", *arguments], capture_output=True, check=False, cwd=ROOT,
                          timeout=60, encoding="utf-8")


def expected(kind):
    with open(os.path.join(ROOT, BROKEN, kind, "expected"), encoding="utf-8") as f:
        return f.read()


def packs():
    folder = os.path.join(ROOT, "templates")
    return [f"templates/{name}" for name in sorted(os.listdir(folder))
            if os.path.exists(os.path.join(folder, name, "flow.json"))]


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_has_its_words(kind):
    done = check(f"{BROKEN}/{kind}")
    assert done.stdout == expected(kind)
    assert done.returncode == ("error: " in done.stdout)
    assert done.stderr == ""


def test_there_are_faults_of_every_kind():
    assert len(KINDS) >= 90
    for kind in KINDS:
        assert re.search(r"^(error|warning): ", expected(kind), re.M), kind


@pytest.mark.parametrize("kind", KINDS)
def test_json_says_the_same(kind):
    done = check("--json", f"{BROKEN}/{kind}")
    report = json.loads(done.stdout)
    lines = expected(kind).splitlines()
    assert done.returncode == (report["errors"] > 0)
    assert len(report["faults"]) == len(lines) - 1
    for fault, line in zip(report["faults"], lines):
        assert set(fault) == {"pack", "file", "line", "step", "field", "severity", "what", "cure"}
        assert fault["pack"] == f"{BROKEN}/{kind}"
        place = f'{fault["file"]}:{fault["line"]}' if fault["line"] else fault["file"]
        assert line.startswith(f'{fault["severity"]}: {fault["pack"]}/{place}: ')
        where = [f'step {fault["step"]}'] * bool(fault["step"])
        where += [f'field {fault["field"]}'] * bool(fault["field"])
        rest = ": ".join([", ".join(where)] * bool(where) + [fault["what"]])
        assert line.endswith(rest + (f'; {fault["cure"]}' if fault["cure"] else ""))


@pytest.mark.parametrize("pack", packs())
def test_no_false_alarm(pack):
    done = check(pack)
    assert done.stdout == f"{pack}: 0 errors, 0 warnings\n"
    assert done.returncode == 0


def test_several_packs_are_one_report():
    kinds = ["no_end", "value_unused"]
    report = json.loads(check("--json", *[f"{BROKEN}/{k}" for k in kinds], *packs()).stdout)
    assert (report["errors"], report["warnings"]) == (2, 1)
    assert [os.path.basename(f["pack"]) for f in report["faults"]] == ["no_end"] * 2 + ["value_unused"]


def test_a_pack_that_is_not_there(tmp_path):
    done = check("--json", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"faults": [], "errors": 0, "warnings": 0}
    assert "nowhere" in done.stderr


def test_more_faults_than_anybody_reads(tmp_path):
    """The list ends at 500, and says so; the counts do not."""
    steps = {f"s{i}": {"say": f"nope{i}", "next": "gone"} for i in range(400)}
    (tmp_path / "flow.json").write_text(json.dumps(
        {"flow": "f", "version": 1, "languages": {"en": {}}, "start": "s0", "steps": steps}))
    text = check(str(tmp_path)).stdout
    assert text.count("error: ") == 500
    assert re.search(r": 801 errors, 0 warnings; 301 errors more than are shown\n$", text), text[-200:]
