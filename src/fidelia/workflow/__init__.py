"""The story in order: read, split, fit, sample, measure, audit, write."""
