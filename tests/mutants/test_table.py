"""Each mutant still changes one place of the code, into something that Python reads."""

import ast
from pathlib import Path

from tests.mutants.table import MUTANTS


def test_every_mutant_can_be_put_in(root):
    wrong = []
    for mutant in MUTANTS.values():
        text = (root / mutant.file).read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            wrong.append(f"{mutant.name}: {mutant.old!r} stands {text.count(mutant.old)} times in {mutant.file}")
        elif mutant.file.endswith(".py"):
            ast.parse(mutant.applied_to(text))
        wrong += [f"{mutant.name}: no tests {path}" for path in mutant.tests if not Path(root, path).exists()]
    assert not wrong, "\n".join(wrong)


def test_there_are_forty():
    assert len(MUTANTS) >= 40
