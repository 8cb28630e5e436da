"""The statements that arithmetic decides, or a model that is built and looked at."""

from __future__ import annotations

from cnnrepro.claims.statement import Statement

ARITHMETIC: tuple[Statement, ...] = ()
