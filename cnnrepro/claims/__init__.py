"""The ledger of statements, and the checks that give each a verdict."""

from cnnrepro.claims.ahead import Duel, duel, judge
from cnnrepro.claims.checking import Outcome, check, outcomes
from cnnrepro.claims.ledger import LEDGER, SOURCES, Statement, statement
from cnnrepro.claims.statistics import McNemar, PairedDifference, mcnemar, paired_difference
from cnnrepro.claims.verdict import Verdict

__all__ = [
    "LEDGER",
    "SOURCES",
    "Duel",
    "McNemar",
    "Outcome",
    "PairedDifference",
    "Statement",
    "Verdict",
    "check",
    "duel",
    "judge",
    "mcnemar",
    "outcomes",
    "paired_difference",
    "statement",
]
