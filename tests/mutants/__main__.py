"""Put each mutant into a copy of the project and run the tests that should catch it.

    python -m tests.mutants                    all of them, two at a time
    python -m tests.mutants lrn_alpha …        some, by name

One line a mutant: caught, with the test that failed; or ESCAPED. At the end the tests that failed are run without any
mutant: one that fails then too has caught nothing. Exit status 0 where all were caught, 1 where one was not, 2 for a
name that is not in the table.
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
from collections.abc import Sequence
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


def run_tests(tests: Sequence[str], *options: str, mutant: Mutant | None = None) -> subprocess.CompletedProcess:
    """The tests, run in a copy of the project, with a mutant in it or as it is."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
        folder = Path(temporary) / "project"
        copy_of_the_project(folder)
        if mutant:
            file = folder / mutant.file
            file.write_text(mutant.applied_to(file.read_text(encoding="utf-8")), encoding="utf-8")
        data = os.environ.get("CNNREPRO_TEST_DATA", str(ROOT.parent / "shared" / "data"))
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "not soak", "-p", "no:cacheprovider", *options, *tests],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "CNNREPRO_TEST_DATA": data},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )


def failed_tests(output: str) -> list[str]:
    """The tests that failed, without their parameters, which may hold blanks."""
    return re.findall(r"^(?:FAILED|ERROR) ([^\s\[]+)", output, re.MULTILINE)


def try_mutant(mutant: Mutant) -> tuple[Mutant, str, str]:
    """The mutant, whether it was caught, and the first test that failed."""
    try:
        done = run_tests(mutant.tests, "-x", mutant=mutant)
    except subprocess.TimeoutExpired:
        return mutant, CAUGHT, f"the tests did not end in {LIMIT} s"
    if done.returncode == 0:
        return mutant, ESCAPED, ""
    failed = failed_tests(done.stdout)
    if not failed:
        return mutant, "no verdict", (done.stdout + done.stderr)[-300:]
    return mutant, CAUGHT, failed[0]


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the table; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="side by side")
    arguments = parser.parse_args()
    if wrong := set(arguments.names) - set(MUTANTS):
        parser.error(f"no such mutant: {', '.join(sorted(wrong))}; there are {', '.join(MUTANTS)}")
    chosen = [MUTANTS[name] for name in arguments.names or MUTANTS]
    began, caught = time.monotonic(), []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for mutant, verdict, detail in pool.map(try_mutant, chosen):
            print(f"{verdict:10}  {mutant.name}: {mutant.bug}  [{detail}]", flush=True)
            caught += [detail] if verdict == CAUGHT else []
    witnesses = sorted({detail for detail in caught if detail.startswith("tests")})
    fail_anyway = set(failed_tests(run_tests(witnesses).stdout)) if witnesses else set()
    for test in sorted(fail_anyway):
        print(f"{test} fails without a mutant too: it has caught nothing.")
    count = sum(detail not in fail_anyway for detail in caught)
    print(f"{count} of {len(chosen)} caught in {(time.monotonic() - began) / 60:.0f} minutes.")
    return 0 if count == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
