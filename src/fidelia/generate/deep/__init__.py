"""Generators that are networks: one layout of tables, one training loop, and a file for each family."""
