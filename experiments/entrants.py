"""What the experiments let compete, and what their rows are worth to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fidelia.generate.catalog import entries
from fidelia.measure.case import Case
from fidelia.measure.learners import BOOSTED, LINEAR
from fidelia.workflow.model import Model, fit_table

if TYPE_CHECKING:
    from study import Settings

    from fidelia.data.table import Table
    from fidelia.measure.statistics.estimates import Estimate

LEARNERS = {"logistic": LINEAR, "boosted": BOOSTED}
WGAN_GP = {"candidates": 1, "slope": 1.0, "penalty": 10.0}
"""A Wasserstein GAN as Gulrajani et al. trained it: the critic's slope is held at 1, no judge chooses among rows."""
SMALL, TINY = {"steps": 1_000, "width": 128}, {"steps": 20, "width": 16}
"""Sizes of networks: what one processor learns in some ten seconds, and what only runs."""


def sized(settings: Settings, quick: bool) -> Settings:
    """Return settings of a generator; its network, where it is one, with a size."""
    network = entries()[settings["generator"]].extra == "deep"
    given = settings.get("parameters", {})
    return {**settings, "parameters": {**SMALL, **given, **(TINY if quick else {})} if network else given}


def fitted(train: Table, settings: Settings, seed: int) -> Model:
    """Return the generator of these settings, fitted."""
    return fit_table(train, generator=settings["generator"], parameters=settings["parameters"], seed=seed)


def taught(train: Table, synthetic: Table, test: Table, like: Case) -> Mapping[str, dict[str, Estimate]]:
    """Return how models do on `test` that learnt from synthetic rows, and from as many train rows.

    Parameters
    ----------
    like : Case
        Whose random numbers and embedding are used.

    Returns
    -------
    mapping of str to dict of str to Estimate
        By learner, then by "train" and "synthetic": areas under the ROC curve, paired over the rows of `test`.
    """
    models = Case(train, synthetic, test, like.rng, embedding=like.embedded.embedding).models
    found = {}
    for name, family in LEARNERS.items():
        n = models.matched(family, "train", "synthetic")
        found[name] = {side: models.score(family, (side, n)) for side in ("train", "synthetic")}
    return found
