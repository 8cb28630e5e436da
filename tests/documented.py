"""README and docs/ as tests read them: their pages, and the commands and the Python that stand in them."""

import re
import shlex
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
PAGES = [HOME / "README.md", HOME / "CONTRIBUTING.md", HOME / "SECURITY.md", *sorted((HOME / "docs").glob("*.md"))]
_SECOND_LINE = re.compile(r" \\\n\s+")
_COMMAND = re.compile(r"^ {4}(?:[A-Z_]+=\S+ )*(cnnrepro .*)$", re.MULTILINE)
_CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FORMS = ("…", "|")  # in a block that shows what a command looks like


def commands_of(page):
    """The commands in the blocks of a page, each as its words behind ``cnnrepro``."""
    found = []
    for command in _COMMAND.findall(_SECOND_LINE.sub(" ", page.read_text(encoding="utf-8"))):
        words = shlex.split(command, comments=True)[1:]
        if not any(sign in word for word in words for sign in _FORMS):
            found.append(words)
    return found


def code_of(page):
    """The one block of Python on a page."""
    (code,) = _CODE.findall(page.read_text(encoding="utf-8"))
    return code
