"""Reads C sources for the checks: which files, and their text without comments and strings."""
import os
import re

SKIP = ("tests/lint/selftest", "build", ".git")

_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(root, *endings):
    """Paths below root, relative to it, sorted; never a build folder or another check's sample."""
    found = []
    for folder, dirs, names in os.walk(root):
        rel = os.path.relpath(folder, root)
        rel = "" if rel == "." else rel + "/"
        dirs[:] = sorted(d for d in dirs
                         if not (rel + d).startswith(SKIP) and d != "__pycache__")
        found += [rel + n for n in sorted(names) if n.endswith(endings)]
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def bare(text):
    """The text with comments and string contents blanked; line numbers stay."""
    def blank(m):
        s = m.group(0)
        keep = s[0] if s[0] in "\"'" else " "
        return keep + re.sub(r"[^\n]", " ", s[1:-1]) + keep
    return _TOKEN.sub(blank, text)


class Report:
    def __init__(self):
        self.count = 0

    def __call__(self, path, line, text):
        self.count += 1
        print(f"{path}:{line}: {text}")

    def status(self):
        return 1 if self.count else 0
