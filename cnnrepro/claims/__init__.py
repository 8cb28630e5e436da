"""The ledger of statements, and the checks that give each a verdict."""

from cnnrepro.claims.ledger import LEDGER, SOURCES, Statement, statement
from cnnrepro.claims.run_checks import Outcome, check, outcomes
from cnnrepro.claims.scope import decided_by
from cnnrepro.claims.verdict import Count, NoVerdict, Verdict, count

__all__ = [
    "LEDGER",
    "SOURCES",
    "Count",
    "NoVerdict",
    "Outcome",
    "Statement",
    "Verdict",
    "check",
    "count",
    "decided_by",
    "outcomes",
    "statement",
]
