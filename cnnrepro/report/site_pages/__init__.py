"""The pages around the reports: the front page, the reports by question, the ledger as a table, the documentation."""
