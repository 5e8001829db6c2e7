"""Raw tables to clean ones: read, rejected with reasons, netted, and the ledger that accounts for every row."""
