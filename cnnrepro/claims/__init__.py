"""The ledger of statements, and the checks that give each a verdict."""

from cnnrepro.claims.ahead import Duel, duel, judge
from cnnrepro.claims.ledger import LEDGER, Statement
from cnnrepro.claims.statistics import McNemar, PairedDifference, mcnemar, paired_difference
from cnnrepro.claims.verdict import Verdict

__all__ = [
    "LEDGER",
    "Duel",
    "McNemar",
    "PairedDifference",
    "Statement",
    "Verdict",
    "duel",
    "judge",
    "mcnemar",
    "paired_difference",
]
