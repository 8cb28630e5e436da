"""README and docs/results.md say of the ledger what its rows and the committed pages say."""

from cnnrepro.claims import LEDGER, Outcome, Verdict
from cnnrepro.claims.verdict import Effect
from tests import drawn_in_readme
from tests.ledger_in_readme import MODULE, RESULTS, block, rows, studied, table

EFFECTS = (
    Effect("A minus B: test error", -0.31, -0.55, -0.07, "points", 10, "", "holds", "", "−0.31 points (10 seeds)"),
    Effect("A minus B: gap", -1.0, -1.5, -0.5, "points", 10, "", "holds", "", "−1.00 points (10 seeds)"),
    Effect("A minus B: test error", 0.0, -0.1, 0.1, "points", 10, "", "does not hold", "on digits", "+0.00 points"),
)
JUDGED = Outcome(
    LEDGER[32], Verdict(32, "holds if …", "So it is.", effects=EFFECTS), "pooling_in_training/a page/index.html"
)


def test_readme_says_what_the_ledger_and_the_committed_pages_say():
    found = list(studied())
    assert drawn_in_readme.written(MODULE) == block(found), f"python -m {MODULE} writes it anew"
    assert drawn_in_readme.written(MODULE, RESULTS) == table(found), f"python -m {MODULE} writes it anew"


def test_a_statement_with_a_page_has_a_line():
    assert rows([JUDGED, Outcome(LEDGER[40], None)]) == [
        f"| 32 | {LEDGER[32].text} | holds if … | A minus B: test error −0.31 points (10 seeds); A minus B: gap −1.00 "
        "points (10 seeds) | [page](../reports/pooling_in_training/a%20page/index.html) |"
    ]
    assert "\n1 were judged by trainings: [" in block([JUDGED, Outcome(LEDGER[40], None)])


def test_without_pages_there_is_no_table():
    drawn = block([Outcome(LEDGER[40], None)])
    assert drawn.count("\n") == 3 and "|" not in drawn
    assert f"**The ledger** has {len(LEDGER)} statements: " in drawn
