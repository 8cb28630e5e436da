"""The rows of the ledger, one file for each topic; plain data, so that listing them loads no Keras."""
