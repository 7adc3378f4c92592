"""Is it good? A metric is a function from a Case to a Result."""
