"""Membership: was a row in train? Three attackers who hold the synthetic rows and some real rows of their own.

The candidates are rows of train (members) and one half of the holdout (non-members). The other half belongs to the
attacker: it says how a row would score if nobody had learnt it. The attacker sees no label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.attacks.scored import ONE_LAW, Scored
from fidelia.errors import NotApplicable
from fidelia.measure.learners import boosted, features, train
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.space.neighbors import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST = 5_000
MOST_LEARNT = 10_000
FEWEST = 5
NEIGHBOUR = 5
DIMENSIONS = 8
ROUNDING = 1e-9
SURE = 3.29


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The rows that an attacker judges, and those that the attacker holds.

    Parameters
    ----------
    members : (m,) int64
        Positions among the points of train.
    others, reference : (n,), (r,) int64
        Positions among the points of the holdout; disjoint.
    """

    members: Ints
    others: Ints
    reference: Ints

    def split(self, name: str, scores: Floats) -> Scored:
        """Return the attack whose scores are those of the members, then those of the non-members."""
        return Scored(name, scores[: len(self.members)], scores[len(self.members) :])


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Of every candidate, members first, to its nearest synthetic rows and to the attacker's nearest own rows.

    Parameters
    ----------
    synthetic, reference : (m + n, 5) float64
        Ascending.
    """

    synthetic: Floats
    reference: Floats


def candidates(case: Case) -> Candidates:
    """Return who is judged by whom, the same for every attack on this case.

    Raises
    ------
    NotApplicable
        ``NEEDS_HOLDOUT``, ``TOO_FEW_ROWS``.
    """
    return case.once("attacks/candidates", _drawn)


def _drawn(case: Case) -> Candidates:
    fewest = min(len(case.unseen) // 2, len(case.train), len(case.synthetic))
    if fewest < FEWEST:
        raise NotApplicable(
            "TOO_FEW_ROWS", f"an attack on membership needs {FEWEST} rows of train and synthetic, {2 * FEWEST} holdout"
        )
    rng = case.rng.child("membership")
    points = case.embedded
    members = rng.child("members").generator().permutation(len(points.train))[:MOST]
    order = rng.child("others").generator().permutation(len(points.side("holdout")))
    half = len(order) // 2
    return Candidates(np.sort(members), np.sort(order[:half][:MOST]), np.sort(order[half:]))


def distances(case: Case) -> Distances:
    """Return the distances that three attacks read, searched once."""
    return case.once("attacks/distances", _searched)


def _searched(case: Case) -> Distances:
    chosen = candidates(case)
    fresh = case.embedded.side("holdout")
    judged = np.concatenate([case.embedded.train[chosen.members], fresh[chosen.others]])
    among = (case.embedded.synthetic, fresh[chosen.reference])
    found = (search(judged, side, min(NEIGHBOUR, len(side))).distance for side in among)
    return Distances(*found)


def by_distance(case: Case) -> Scored:
    """Score a row by how much nearer a synthetic row is than a row of the attacker's: d(x, reference) - d(x, Y).

    References
    ----------
    Hilprecht, Härterich and Bernau (2019), Monte Carlo and Reconstruction Membership Inference Attacks against
    Generative Models, PoPETs; with a reference as in Chen et al. (2020), GAN-Leaks, CCS.
    """
    near = distances(case)
    return candidates(case).split("distance", near.reference[:, 0] - near.synthetic[:, 0])


def by_ratio(case: Case) -> Scored:
    """Score a row by log d(x, reference) - log d(x, Y): the density ratio in all dimensions, nearest neighbour.

    A near copy in a sparse region and one in a dense region score alike, where the difference favours the sparse one.
    """
    near = distances(case)
    return candidates(case).split("ratio", log_ratio(near.reference[:, 0], near.synthetic[:, 0]))


def by_density(case: Case) -> Scored:
    """Score a row by log p_Y(x) - log p_reference(x), nearest-neighbour densities on up to eight principal components.

    The k-NN density with k = 1: smoother ones, and the kernel density of the paper, wash copies out (AUC on copies
    with a little noise, adult: 0.95 for k = 1, 0.62 for k = 3, 0.52 for the kernel).

    References
    ----------
    Van Breugel, Sun, Qian and van der Schaar (2023), Membership Inference Attacks against Synthetic Data through
    Overfitting Detection (DOMIAS), AISTATS, arXiv 2302.12580.
    """
    judged, synthetic, reference = _principal(case)
    near = [search(judged, side, 1).distance[:, 0] for side in (reference, synthetic)]
    return candidates(case).split("density", log_ratio(near[0], near[1]) * judged.shape[1])


def _principal(case: Case) -> tuple[Floats, Floats, Floats]:
    """Return the candidates, the synthetic rows and the attacker's own on the latter two's principal components."""
    chosen, points = candidates(case), case.embedded
    fresh = points.side("holdout")
    reference = fresh[chosen.reference]
    judged = np.concatenate([points.train[chosen.members], fresh[chosen.others]])
    known = np.concatenate([points.synthetic, reference])
    centre = known.mean(axis=0)
    _, vectors = np.linalg.eigh(np.atleast_2d(np.cov(known - centre, rowvar=False)))
    basis = vectors[:, ::-1][:, :DIMENSIONS]
    return (judged - centre) @ basis, (points.synthetic - centre) @ basis, (reference - centre) @ basis


def log_ratio(above: Floats, below: Floats) -> Floats:
    """Return log(above / below); two rows that coincide but for rounding are at distance 0."""
    return np.asarray(np.log((above + ROUNDING) / (below + ROUNDING)))


def by_classifier(case: Case) -> Scored:
    """Score a row by the probability that boosted trees give it of being synthetic, learnt on Y against the reference.

    References
    ----------
    Houssiau et al. (2022), TAPAS: a Toolbox for Adversarial Privacy Auditing of Synthetic Data, arXiv 2211.06550.
    """
    chosen, rows = candidates(case), case.embedded.rows
    if not case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    table = features(list(case.values.values()))
    rng = case.rng.child("membership/classifier")
    made = rng.generator().permutation(len(table.synthetic))[:MOST_LEARNT]
    known = table.holdout[rows["holdout"][chosen.reference[:MOST_LEARNT]]]
    x = np.concatenate([table.synthetic[np.sort(made)], known])
    judge = train(boosted(table.categorical, "binary", rng.integer()), x, np.repeat([1, 0], [len(made), len(known)]), 2)
    judged = (table.train[rows["train"][chosen.members]], table.holdout[rows["holdout"][chosen.others]])
    return candidates(case).split("classifier", judge(np.concatenate(judged))[:, 1])


def blind(case: Case) -> Scored:
    """Score a row without the synthetic ones, by its distance to the attacker's rows: what a shift alone tells."""
    return candidates(case).split("blind", -distances(case).reference[:, 0])


ATTACKS: dict[str, Callable[[Case], Scored]] = {
    "distance": by_distance,
    "ratio": by_ratio,
    "density": by_density,
    "classifier": by_classifier,
    "blind": blind,
}


def scored(case: Case, name: str) -> Scored:
    """Return one attack of `ATTACKS` on this case, run once."""
    return case.once(f"attacks/{name}", ATTACKS[name])


def attacks(case: Case) -> list[Scored]:
    """Return every attack that sees the synthetic rows."""
    return [scored(case, name) for name in ATTACKS if name != "blind"]


def distance_attack(case: Case) -> Result:
    """PRV05: membership by the difference of distances; the ratio of distances stands beside it."""
    return _result(case, "distance", also=("ratio",))


def density_attack(case: Case) -> Result:
    """PRV06: membership by the ratio of densities (DOMIAS)."""
    return _result(case, "density")


def classifier_attack(case: Case) -> Result:
    """PRV07: membership by a classifier of synthetic against real rows."""
    return _result(case, "classifier")


def _result(case: Case, name: str, also: tuple[str, ...] = ()) -> Result:
    """Return the AUC of an attack beside that of a blind guess, 1/2."""
    attack = scored(case, name)
    return Result(
        value=attack.auc.value,
        interval=attack.interval,
        reference=guess(attack),
        n=sizes(case),
        caveats=caveats(case),
        breakdown={
            **attack.alarm(),
            "lines": [scored(case, each).line() for each in (name, *also, "blind")],
        },
        rows=_vulnerable(case, attack),
    )


def guess(attack: Scored) -> Reference:
    """Return the AUC of a blind guess, with the spread that it would have on so many rows."""
    return Reference(0.5, attack.blind_sd, len(attack.others), "holdout")


def sizes(case: Case) -> dict[str, int]:
    """Return the rows used: members, synthetic rows, and both halves of the holdout."""
    chosen = candidates(case)
    fresh = len(chosen.others) + len(chosen.reference)
    return {"train": len(chosen.members), "synthetic": len(case.embedded.synthetic), "holdout": fresh}


def caveats(case: Case) -> tuple[Caveat, ...]:
    """Return what every attack on membership must say; a shift that a blind attacker sees is said with its size."""
    chosen, shift = candidates(case), scored(case, "blind")
    said = [ONE_LAW, *subsampled(case)]
    if abs(shift.auc.value - 0.5) > SURE * shift.sd:
        text = f"Train and holdout differ: an attacker without synthetic rows reaches an AUC of {shift.auc.value:.2f}."
        said.insert(0, Caveat("SHIFT", text))
    if len(chosen.members) < len(case.train):
        text = (
            f"Attacked are {len(chosen.members):,} of {len(case.train):,} train rows and {len(chosen.others):,} of the "
            f"holdout; the attacker holds {len(chosen.reference):,} holdout rows."
        )
        said.append(Caveat("ATTACK_SAMPLE", text))
    return tuple(said)


def _vulnerable(case: Case, attack: Scored) -> dict[str, Floats]:
    """Return how far each judged row stands out: the share of non-members that score lower; NaN for other rows."""
    chosen, out = candidates(case), {}
    for side, positions, scores in (
        ("train", chosen.members, attack.members), ("holdout", chosen.others, attack.others)
    ):  # fmt: skip
        part = np.full(len(getattr(case.embedded, side)), np.nan)
        part[positions] = standing(scores, attack.others)
        out[f"{side}.mia_{attack.name}"] = case.aligned(side, part)
    return out


def standing(scores: Floats, others: Floats) -> Floats:
    """Return for each score the share of non-members that score lower, in [0, 1]."""
    return np.asarray(np.searchsorted(np.sort(others), scores, side="left") / len(others))
