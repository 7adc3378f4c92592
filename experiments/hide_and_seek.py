"""Experiment 3: what exposes a submission that is the real rows plus noise?

In the Hide-and-Seek challenge of 2020 a submission that added noise to the real rows won against generative models.
Here noise-adders of five strengths and a resampler compete with generators on stays in intensive care. Alaa et al.
claim that the usual scores like the noise-adder, and that authenticity gives it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from entrants import WGAN_GP, fitted, sized, taught
from figures import between, interval, markdown
from pictures import Arm, Panel, Point, forest
from real import parts, stays
from scipy.stats import rankdata
from study import Found, Page, Runs, Settings, Study

from fidelia.generate.sampling import joined
from fidelia.measure.case import Case
from fidelia.measure.catalog import entries, measure
from fidelia.measure.findings import beyond_noise
from fidelia.measure.generations.sets import sibling
from fidelia.measure.result import Direction
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.report.charts import Chart

ROWS = 2_000
"""Of train, of the holdout and of the fresh rows that are handed in; the others only test models."""
NOISES = (0.02, 0.05, 0.1, 0.2, 0.5)
FRESH = "fresh real rows"
ARMS: Mapping[str, Settings] = {
    FRESH: {"submission": "fresh"},
    "resampler": {"submission": "resampled"},
    **{f"noise {level:g}": {"submission": "noisy", "level": level} for level in NOISES},
    "trees": {"generator": "trees"},
    "vae": {"generator": "vae"},
    "gan": {"generator": "gan", "parameters": WGAN_GP},
    "marginals": {"generator": "marginals"},
}
COPIERS = {name for name, settings in ARMS.items() if settings.get("submission") in ("resampled", "noisy")}
STANDARD = {
    "FID20": "precision",
    "DIV05": "recall",
    "FID12": "MMD",
    "FID15": "Fréchet distance",
    "logistic": "logistic regression",
    "boosted": "boosted trees",
}
"""What such a challenge would rank by."""
PRIVACY = {
    "AUT02": "A - fresh rows' A",
    "AUT03": "named copies",
    "PRV02": "DCR share",
    "PRV05": "membership, distance",
    "PRV06": "membership, density",
    "PRV07": "membership, classifier",
    "PRV09": "epsilon, at least",
}
E = {"FID16": "alpha-precision", "DIV01": "beta-recall", "AUT01": "authenticity", "FID26": "two-sample AUC"}
DIGITS = {"FID12": 5}


@dataclass(frozen=True, slots=True)
class Arena:
    """What the submissions of one seed share: rows to learn or to steal, fresh ones to hand in, others to test with."""

    train: Table
    fresh: Table
    case: Case
    test: Table


def arena(table: Table, rng: Rng, quick: bool) -> Arena:
    """Split the real table."""
    train, holdout, fresh, rest = parts(table, (200 if quick else ROWS,) * 3, rng.child("parts"))
    return Arena(train, fresh, Case(train, fresh, holdout, rng.child("measure")), joined([holdout, rest]))


def submitted(arena: Arena, settings: Settings, seed: int) -> Table:
    """Return the rows of a submission, as many as train has."""
    rng, n = Rng(seed).child("submission"), len(arena.train)
    kind = settings.get("submission")
    if kind == "fresh":
        return arena.fresh
    if kind == "resampled":
        return arena.train.take(rng.generator().integers(n, size=n))
    if kind == "noisy":
        return noisy(arena.train, settings["level"], rng)
    return fitted(arena.train, settings, seed).sample_table(n, seed=seed)


def noisy(table: Table, level: float, rng: Rng) -> Table:
    """Return the same rows with noise on every number, and a share of the categories those of other rows.

    Parameters
    ----------
    level : float
        In [0, 1]: the noise's standard deviation, in those of the middle half of a column (its quartiles' distance over
        1.349), and the share of categories that are exchanged. Values keep their decimals and stay in the column's
        range; what is missing stays missing.
    """
    columns = []
    for column in table.schema:
        draw = rng.child(column.name).generator()
        numeric = column.kind in (Kind.NUMBER, Kind.INTEGER)
        columns.append((blurred if numeric else exchanged)(table[column.name], level, draw))
    return table.with_arrow(pa.table(columns, schema=table.arrow.schema))


def blurred(column: pa.Array, level: float, draw: np.random.Generator) -> pa.Array:
    """Return numbers with normal noise."""
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    present = values[~np.isnan(values)]
    low, high = np.quantile(present, (0.25, 0.75))
    digits = next(d for d in range(9) if d == 8 or np.allclose(present, present.round(d), atol=1e-9))
    moved = values + draw.normal(size=len(values)) * level * (high - low) / 1.349
    held = np.clip(moved.round(digits), present.min(), present.max())
    return pa.array(held, mask=np.isnan(values)).cast(column.type)


def exchanged(column: pa.Array, level: float, draw: np.random.Generator) -> pa.Array:
    """Return levels, a share of them those of rows at random."""
    rows = np.arange(len(column))
    elsewhere = draw.integers(len(column), size=len(column))
    return column.take(pa.array(np.where(draw.random(len(column)) < level, elsewhere, rows)))


def run(arena: Arena, settings: Settings, seed: int) -> Found:
    """Return what the usual scores, authenticity and the attacks say of one submission."""
    synthetic = submitted(arena, settings, seed)
    case = sibling(arena.case, synthetic)
    worth = taught(arena.train, synthetic, arena.test, case)
    results, _ = measure(case, [*(code for code in (*STANDARD, *PRIVACY) if code in entries()), *E])
    return {
        "scores": {
            **{result.code: result.value for result in results},
            **{name: pair["synthetic"].value for name, pair in worth.items()},
        },
        "alarms": {result.code: bool(beyond_noise(result)) for result in results if result.code in PRIVACY},
    }


def standing(runs: Runs) -> dict[str, list[float]]:
    """Return for each submission but the fresh rows its mean rank by the standard scores, one per seed; 1 is best."""
    names = [name for name in runs if name != FRESH]
    ranks = np.mean([rankdata(badness(runs, names, code), axis=1) for code in STANDARD], axis=0)
    return dict(zip(names, ranks.T.tolist(), strict=True))


def badness(runs: Runs, names: list[str], code: str) -> NDArray[np.float64]:
    """Return a standard score of submissions so that less is better, ``(seeds, submissions)``."""
    values = np.array([[one["scores"][code] for one in runs[name]] for name in names]).T
    return values if code in entries() and entries()[code].direction is Direction.LOWER else -values


def summary(runs: Runs) -> Found:
    """Return the scores, the alarms, the order by usual scores, and how often copiers stand apart from generators."""
    ranks = {name: np.array(of) for name, of in standing(runs).items()}
    new = {name: np.array([one["scores"]["AUT02"] for one in runs[name]]) for name in ranks}
    generators = [name for name in ranks if name not in COPIERS]
    kinds = [*STANDARD, *PRIVACY, *E]
    return {
        "scores": {
            name: {kind: interval([one["scores"][kind] for one in of]) for kind in kinds} for name, of in runs.items()
        },
        "alarms": {
            name: {code: sum(one["alarms"][code] for one in of) for code in PRIVACY} for name, of in runs.items()
        },
        "rank": {name: interval(of) for name, of in ranks.items()},
        "apart": {
            name: {
                "before": int((ranks[name] < np.min([ranks[each] for each in generators], axis=0)).sum()),
                "less new": int((new[name] < np.min([new[each] for each in generators], axis=0)).sum()),
            }
            for name in ranks
            if name in COPIERS
        },
    }


def page(document: Found) -> Page:
    """Return a table of what the usual scores say, one of E, one of what betrays copies, and the picture."""
    found, seeds = document["summary"], document["seeds"]
    order = [FRESH, *sorted(found["rank"], key=lambda name: found["rank"][name][0])]
    ranks = {FRESH: "", **{name: between(of, 1) for name, of in found["rank"].items()}}
    alarms = {name: [f", {found['alarms'][name][code]}" for code in PRIVACY] for name in order}
    text = [
        markdown(
            ["submission", "mean rank", *STANDARD.values()], [[n, ranks[n], *cells(found, n, STANDARD)] for n in order]
        ),
        markdown(["submission", *E.values()], [[n, *cells(found, n, E)] for n in order]),
        f"What speaks of copies; after the comma, in how many of {seeds} seeds an alarm is raised:",
        markdown(
            ["submission", *PRIVACY.values()],
            [[n, *map("".join, zip(cells(found, n, PRIVACY), alarms[n], strict=True))] for n in order],
        ),
        f"Before every generator by mean rank in so many of {seeds} seeds, and less authentic than every generator: "
        + "; ".join(f"{name} {of['before']} and {of['less new']}" for name, of in found["apart"].items())
        + ".",
    ]
    return Page("\n\n".join(text) + "\n", [drawn(found, order, seeds)])


def cells(found: Found, name: str, codes: Mapping[str, str]) -> list[str]:
    """Return the scores of a submission in words."""
    return [between(found["scores"][name][code], DIGITS.get(code, 3)) for code in codes]


def drawn(found: Found, order: list[str], seeds: int) -> Chart:
    """Return the picture: what standard scores like, and what authenticity and attacks say."""
    arms = [Arm(name, "copies" if name in COPIERS else "control" if name == FRESH else "") for name in order]
    heads = {
        "FID20": ("precision",),
        "DIV05": ("recall",),
        "logistic": ("AUC of logistic", "regression"),
        "AUT02": ("authenticity less", "that of fresh rows"),
        "AUT03": ("rows named", "as copies"),
        "PRV05": ("AUC of an attack", "on membership"),
    }
    of = found["scores"]
    return forest(
        "Noise-adders (red) and generators: what the usual scores like, and what gives copies away",
        arms,
        [Panel(head, [Point(*of[name][code]) for name in order], of[FRESH][code][0]) for code, head in heads.items()],
        label="Usual scores and privacy scores of noise-adders, a resampler, generators and fresh real rows.",
        note=f"Sorted by mean rank over six usual scores. Dots: mean over {seeds} seeds, lines: 95 % intervals; "
        "dotted: fresh real rows.",
    )


def sizes(quick: bool) -> dict[str, Settings]:
    """Return the submissions, those of networks sized."""
    return {name: sized(of, quick) if "generator" in of else of for name, of in ARMS.items()}


STUDY = Study(
    name="hide_and_seek", source=stays, arms=sizes, arena=arena, measure=run, summary=summary, page=page
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
