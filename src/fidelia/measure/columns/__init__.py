"""Metrics of single columns, of pairs and of small sets of columns."""
