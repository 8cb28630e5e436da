"""The checks of the statements that arithmetic decides, one file a subject; the ledger names them by their place."""
