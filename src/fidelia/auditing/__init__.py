"""Which rows are good? Verdicts and reasons, row by row."""
