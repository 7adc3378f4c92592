"""Curation: better rows from the same generator, and proof on rows that the filter never used."""
