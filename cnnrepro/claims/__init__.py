"""The ledger of statements, and the checks that give each a verdict."""

from cnnrepro.claims.ledger import LEDGER, SOURCES, Statement, statement
from cnnrepro.claims.run_checks import Outcome, check, outcomes
from cnnrepro.claims.verdict import Count, Verdict, count

__all__ = ["LEDGER", "SOURCES", "Count", "Outcome", "Statement", "Verdict", "check", "count", "outcomes", "statement"]
