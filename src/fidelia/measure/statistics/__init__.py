"""The one place for statistics: intervals, estimates, tests, their corrections, and resampling.

Nearest-neighbour statistics must not be bootstrapped over rows that are searched: a resample holds duplicates, so
that distances of 0 appear that no real sample has. Rows of scores already computed may be resampled.
"""
