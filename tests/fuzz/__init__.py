"""Fuzzers of what reads files of others, and the inputs that found something, which the tests read again."""
