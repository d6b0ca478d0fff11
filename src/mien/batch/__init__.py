"""Many files: a plan, workers that analyse one file at a time, a ledger of what is done; see `run`."""
