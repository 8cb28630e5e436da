"""What somebody new has: a folder with nothing in it, commands as processes of their own, a virtual environment."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
CALLED = (sys.executable, "-m", "cnnrepro")


def run_in(folder, words, *, command=CALLED, checkout=True):
    """Run a command in a folder, with no setting of ours; the lines of its standard output.

    Args:
        folder: in which.
        words: of the command, behind ``cnnrepro``.
        command: what is ``cnnrepro``.
        checkout: whether it is that of this checkout; else the one that the command finds installed.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CNNREPRO")}
    kept["CNNREPRO_PROGRESS"] = "none"
    kept.pop("PYTHONPATH", None)
    environment = kept | ({"PYTHONPATH": str(CHECKOUT)} if checkout else {})
    done = subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def fresh_environment(folder):
    """A virtual environment with pip and nothing else; its folder of commands."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    return folder / "bin"


def lend_dependencies(commands):
    """Let a virtual environment import what this one has, behind what it has itself: nothing is downloaded."""
    (packages,) = (commands.parent / "lib").glob("python*/site-packages")
    lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (packages / "lent.pth").write_text("".join(f"{path}\n" for path in lent), encoding="utf-8")
    (commands.parent / "share").mkdir(exist_ok=True)
    (commands.parent / "share" / "jupyter").symlink_to(Path(sys.prefix, "share", "jupyter"))  # nbconvert's templates
