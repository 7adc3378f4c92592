"""Diagnosis: from curves and clusters to words."""
