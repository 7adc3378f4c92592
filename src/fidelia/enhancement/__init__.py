"""Does synthetic data help a model here? Arms, paired intervals, and an answer that may be no."""
