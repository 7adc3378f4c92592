"""Attacks on privacy, each beside the same attack on rows that nobody has seen."""
