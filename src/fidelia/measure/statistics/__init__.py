"""The one place for statistics: intervals, estimates, tests, their corrections, and resampling.

============================================= ================================================================
`intervals`                                   wilson, newcombe, clopper_pearson, normal, mover, epsilon_bound
`estimates`                                   Estimate (paired differences: ``minus``), auc (DeLong), r_squared
`effect`                                      standardized_difference, cliffs_delta
`permutation`                                 permutation_p
`bridge`                                      null_gap, bridge_p: the law of integrated scores
`multiple`                                    benjamini_hochberg, conformal
`resampling`                                  draws, half_samples, resplits, resplit_sd
`sets`                                        across: K synthetic sets of one generator
`excess`                                      alarm, discordant: an attack beside its control
`flags`                                       flags of rows at a false discovery rate
`proportions`, `ranks`                        Fisher's exact test; how alike lists of estimates are ordered
============================================= ================================================================

Nearest-neighbour statistics must not be bootstrapped over rows that are searched: a resample holds duplicates, so
that distances of 0 appear that no real sample has (random halves without replacement instead: `half_samples`). Rows
of scores already computed may be resampled. Kendall's and Spearman's correlations are scipy's.
"""
