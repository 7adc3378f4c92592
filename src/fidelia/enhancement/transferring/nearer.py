"""Which of two generators is nearer to real rows that neither saw: what the rows themselves say.

A classifier learns to tell the rows of the two from each other. Both can give any number of rows, so it is learnt well
however few real rows there are, and each real row then says which of the two it looks like. A two-sample test of each
generator against the real rows would have only those few to learn from.

References
----------
Vuong (1989), Likelihood ratio tests for model selection and non-nested hypotheses, Econometrica 57, 307-333: the same
comparison, of known densities. Mohamed and Lakshminarayanan (2016), Learning in implicit generative models, arXiv
1610.03483: density ratios by classification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.auditing.odds import odds
from fidelia.measure.case import Case

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]


def preference(one: Table, other: Table, real: Table, rng: Rng) -> Floats:
    """Return the probability that each real row is of `one` rather than of `other`, (rows,).

    It is 1/2 where the two cannot be told from each other. If `other` is the law of the real rows, the mean is at most
    1/2: calibrated probabilities of `one` have a mean of 1/2 over the rows of both, and are no larger on those of
    `other`. A mean above 1/2 thus says that `one` is nearer, on the scale of the triangular discrimination: with
    densities p and q the mean over rows of density r is ``1/2 + 1/2 E_r (p - q) / (p + q)``.

    Parameters
    ----------
    one, other : Table
        Rows of two generators, of one schema.
    real : Table
        Rows that neither generator saw.
    """
    found = odds(Case(one, other, one, rng))
    return 1 - found.scorer.propensity(real) if found.differ else np.full(len(real), 0.5)
