"""Deliberate bugs, put in one at a time, that the tests of ``make test`` must catch: ``make mutants``."""
