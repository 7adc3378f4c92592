"""Generators of pictures that are networks: one frame, the shared training loop, and a file for each family."""
