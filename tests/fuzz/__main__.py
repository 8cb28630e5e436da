"""Fuzz what reads files of others.

    python -m tests.fuzz                                     each target for 20 seconds
    python -m tests.fuzz records reports --seconds 3600      some, each for an hour of the clock

One line a target: what was executed, for how many seconds of the processor, and what was found. Inputs that found
something are kept in a folder (--findings), each with a text that says what was seen; then the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.fuzzing import TARGETS, fuzz


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=float, default=20, help="of the clock, for each target")
    parser.add_argument("--findings", type=Path, default=Path("findings"), help="folder for inputs that find something")
    parser.add_argument("--seed", type=int, help="of the changes; another each time by default")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(TARGETS)}")
    found = False
    for name in given.targets or TARGETS:
        tally = fuzz(name, given.seconds, given.findings / name, given.seed)
        found |= bool(tally.findings)
        print(f"{name}: {tally.sentence()}", *tally.findings, sep="\n  ", flush=True)
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
