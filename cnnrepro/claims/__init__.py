"""The ledger of statements, and the checks that give each a verdict."""

from cnnrepro.claims.ledger import LEDGER, SOURCES, Statement, statement
from cnnrepro.claims.own_claims import OwnOutcome, OwnVerdict, own_outcomes
from cnnrepro.claims.run_checks import Outcome, check, outcomes
from cnnrepro.claims.scope import decided_by
from cnnrepro.claims.verdict import Count, NoVerdict, Verdict, count
from cnnrepro.experiments.own_claim import OwnClaim, difference

__all__ = [
    "LEDGER",
    "SOURCES",
    "Count",
    "NoVerdict",
    "Outcome",
    "OwnClaim",
    "OwnOutcome",
    "OwnVerdict",
    "Statement",
    "Verdict",
    "check",
    "count",
    "decided_by",
    "difference",
    "outcomes",
    "own_outcomes",
    "statement",
]
