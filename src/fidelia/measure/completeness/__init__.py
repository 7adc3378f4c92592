"""Metrics of completeness and validity."""
