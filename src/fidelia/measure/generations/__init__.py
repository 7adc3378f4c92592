"""Several synthetic tables: how stable a generator is, and which is best."""
