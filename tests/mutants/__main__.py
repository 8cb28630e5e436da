"""Put each mutant into a copy of the project and run the tests that should catch it.

    python -m tests.mutants                    all of them, two at a time
    python -m tests.mutants lrn_alpha …        some, by name

One line a mutant: caught, with the test that failed; or ESCAPED. Exit status 0 where all were caught, 1 where one
escaped, 2 for a name that is not in the table.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent.parent
LIMIT = 1200  # seconds for the tests of one mutant; one that hangs them is caught too

CAUGHT, ESCAPED = "caught", "ESCAPED"


def copy_of_the_project(folder: Path) -> None:
    """The files that git knows, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def try_mutant(mutant: Mutant) -> tuple[Mutant, str, str]:
    """The mutant, whether it was caught, and the first test that failed."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
        folder = Path(temporary) / "project"
        copy_of_the_project(folder)
        file = folder / mutant.file
        file.write_text(mutant.applied_to(file.read_text(encoding="utf-8")), encoding="utf-8")
        data = os.environ.get("CNNREPRO_TEST_DATA", str(ROOT.parent / "shared" / "data"))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not soak", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(
                [*command, *mutant.tests],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(folder), "CNNREPRO_TEST_DATA": data},
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return mutant, CAUGHT, f"the tests did not end in {LIMIT} s"
    if done.returncode == 0:
        return mutant, ESCAPED, ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if failed is None:
        return mutant, "no verdict", (done.stdout + done.stderr)[-300:]
    return mutant, CAUGHT, failed[1]


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the table; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="side by side")
    arguments = parser.parse_args()
    if wrong := set(arguments.names) - set(MUTANTS):
        parser.error(f"no such mutant: {', '.join(sorted(wrong))}; there are {', '.join(MUTANTS)}")
    chosen = [MUTANTS[name] for name in arguments.names or MUTANTS]
    began, caught = time.monotonic(), 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for mutant, verdict, detail in pool.map(try_mutant, chosen):
            caught += verdict == CAUGHT
            print(f"{verdict:10}  {mutant.name}: {mutant.bug}  [{detail}]", flush=True)
    print(f"{caught} of {len(chosen)} caught in {(time.monotonic() - began) / 60:.0f} minutes.")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
