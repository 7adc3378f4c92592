"""Metrics of whole tables as clouds of points."""
