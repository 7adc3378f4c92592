"""Columns to arrays and back, exactly invertible."""
