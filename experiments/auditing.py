"""Experiment 1c: are audited rows better than those of the same generator as they come?

One generator, three ways to filter what it draws, as many rows from each: what the audit accepts, curation by density
ratio, and the paper's own procedure (authentic rows, shell by shell of the alpha-support). Filters see train and an
audit holdout; what is compared is measured on real rows that no filter saw. A second draw without any filter says how
much two tables of one generator differ by chance. Alaa et al. claim near-perfect precision and authenticity after
auditing, and slightly more use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np
from entrants import WGAN_GP, fitted, sized, taught
from figures import between, interval, markdown
from pictures import Arm, Panel, Point, forest
from real import covid, parts
from study import Found, Page, Runs, Settings, Study

from fidelia.auditing.audit import audit
from fidelia.auditing.curation.curate import How, Method, curate
from fidelia.generate.sampling import joined
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.generations.sets import sibling
from fidelia.report.notation import NONE, signed

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.report.charts import Chart
    from fidelia.rng import Rng
    from fidelia.workflow.model import Model

ROWS = 3_000
"""Of train, and of the rows that precision is measured with; all that nobody saw test models."""
KNOWN = 4_000
"""Of the audit's holdout, half of which curation keeps for its own report."""
FEWEST = 50
"""Rows without which nothing is measured."""
SPARE = 3
"""So many times the rows wanted are drawn for the audit to choose from."""
ARMS: Mapping[str, Settings] = {
    "WGAN-GP": {"generator": "gan", "parameters": WGAN_GP},
    "ADS-GAN": {"generator": "gan", "parameters": {**WGAN_GP, "identifiability": 1.0}},
    "trees": {"generator": "trees"},
}
SHOWN = {
    "one-sided IP": "one-sided precision",
    "FID16": "alpha-precision",
    "DIV01": "beta-recall",
    "AUT02": "A - fresh rows' A",
    "FID26": "two-sample AUC",
    "logistic": "logistic regression",
    "boosted": "boosted trees",
}


@dataclass(frozen=True, slots=True)
class Arena:
    """What the generators of one seed share.

    Parameters
    ----------
    filtering : Case
        What filters may use: train and the audit's holdout.
    judging : Case
        What judges them: train and real rows that no filter saw.
    support : Case
        The same with the roles swapped: precision and recall are taken with the rows that no filter saw as the support,
        for near train rows filters have been at work.
    test : Table
        Every real row that neither generator nor filter saw.
    """

    filtering: Case
    judging: Case
    support: Case
    test: Table


Filter = Callable[["Model", Arena, int], "Table"]


def unaudited(model: Model, arena: Arena, seed: int) -> Table:
    """Return rows as they come."""
    return model.sample_table(len(arena.filtering.train), seed=seed)


def again(model: Model, arena: Arena, seed: int) -> Table:
    """Return other rows as they come."""
    return unaudited(model, arena, 1_000 + seed)


def accepted(model: Model, arena: Arena, seed: int) -> Table:
    """Return rows that the audit accepts."""
    n = len(arena.filtering.train)
    drawn = model.sample_table(SPARE * n, seed=2_000 + seed)
    verdicts = audit(sibling(arena.filtering, drawn))
    return drawn.take(np.flatnonzero(verdicts.accepted)[:n])


def curated(method: Method) -> Filter:
    """Return what draws from the model until there are rows enough that a method keeps."""

    def rows(model: Model, arena: Arena, seed: int) -> Table:
        known = arena.filtering
        return curate(known.train, model.generator, known.unseen, how=How(method=method), seed=seed).table

    return rows


PLAIN = "as drawn"
FILTERS: Mapping[str, Filter] = {
    PLAIN: unaudited,
    "drawn again": again,
    "accepted by the audit": accepted,
    "curated by density ratio": curated("odds"),
    "the paper's procedure": curated("alaa2022"),
}


def arena(table: Table, rng: Rng, quick: bool) -> Arena:
    """Split the real table: rows to learn, to filter with, to judge with, and with these all others to test with."""
    sizes = (200, 200, 100) if quick else (ROWS, KNOWN, ROWS)
    train, known, unseen, rest = parts(table, sizes, rng.child("parts"))
    filtering = Case(train, known, known, rng.child("audit"))
    judging = Case(train, unseen, unseen, rng.child("measure"), embedding=filtering.embedded.embedding)
    support = Case(unseen, train, train, rng.child("measure"), embedding=filtering.embedded.embedding)
    return Arena(filtering, judging, support, joined([unseen, rest]))


def run(arena: Arena, settings: Settings, seed: int) -> Found:
    """Fit a generator, and judge what each filter makes of it."""
    model = fitted(arena.filtering.train, settings, seed)
    return {name: judged(filtered(model, arena, seed), arena) for name, filtered in FILTERS.items()}


def judged(rows: Table, arena: Arena) -> Found:
    """Return what rows score beside real ones that no filter saw; only their number where a filter left too few."""
    if len(rows) < FEWEST:
        return {"rows": len(rows)}
    case = sibling(arena.judging, rows)
    results = [*measure(case, ("AUT02", "FID26"))[0], *measure(sibling(arena.support, rows), ("FID16", "DIV01"))[0]]
    worth = taught(case.train, rows, arena.test, case)
    return {
        "rows": len(rows),
        **{result.code: result.value for result in results},
        "one-sided IP": next(result.breakdown["one_sided"] for result in results if result.code == "FID16"),
        **{learner: pair["synthetic"].value for learner, pair in worth.items()},
    }


def summary(runs: Runs) -> Found:
    """Return each score by generator and filter, and its difference to the rows as drawn, paired by seed."""
    return {name: {f: compared(of, f) for f in FILTERS} for name, of in runs.items()}


def compared(of: list[Found], name: str) -> Found:
    """Return the scores of one filter over the seeds in which it left rows enough; None where those are too few."""
    whole = [one for one in of if all(key in one[name] for key in SHOWN)]
    if len(whole) < 2:
        return {"rows": mean([one[name]["rows"] for one in of]), **dict.fromkeys(SHOWN), "gain": None}
    values = {key: np.array([[one[each][key] for one in whole] for each in (name, PLAIN)]) for key in SHOWN}
    return {
        "rows": mean([one[name]["rows"] for one in of]),
        **{key: interval(at[0]) for key, at in values.items()},
        "gain": {key: interval(at[0] - at[1]) for key, at in values.items()},
    }


def page(document: Found) -> Page:
    """Return a table and the verdicts for each generator, and the picture."""
    found, seeds = document["summary"], document["seeds"]
    text = []
    for name, of in found.items():
        lines = [
            [f, f"{at['rows']:,.0f}", *(NONE if at[key] is None else between(at[key]) for key in SHOWN)]
            for f, at in of.items()
        ]
        text += [f"**{name}**", markdown(["rows", "number", *SHOWN.values()], lines)]
        text.append("\n".join(changed(f, at["gain"]) for f, at in of.items() if f != PLAIN and at["gain"]))
    return Page("\n\n".join(text) + "\n", [drawn(name, of, seeds) for name, of in found.items()])


def changed(name: str, gain: Mapping[str, list[float]]) -> str:
    """Return in words what a filter changed beyond chance."""
    sure = [key for key, (_, low, high) in gain.items() if not low <= 0 <= high]
    said = ", ".join(f"{SHOWN[key]} {between(gain[key], 3, signed)}" for key in sure)
    return f"* {name} changes, beyond chance: {said or 'nothing'}."


def drawn(name: str, of: Mapping[str, Found], seeds: int) -> Chart:
    """Return the picture of one generator: what each filter changes."""
    filters = [f for f, at in of.items() if f != PLAIN and at["gain"]]
    heads = {
        "one-sided IP": ("one-sided", "alpha-precision"),
        "AUT02": ("authenticity less", "that of fresh rows"),
        "DIV01": ("beta-recall",),
        "FID26": ("AUC of telling", "rows from real"),
        "logistic": ("AUC of logistic", "regression"),
        "boosted": ("AUC of boosted", "trees"),
    }
    return forest(
        f"{name}: what a filter changes on real rows that it never saw",
        [Arm(f, "control" if f == "drawn again" else "") for f in filters],
        [Panel(head, [Point(*of[f]["gain"][key]) for f in filters], 0.0) for key, head in heads.items()],
        label="Change of precision, authenticity, recall, two-sample AUC and use by each filter, for each generator.",
        note=f"Difference to the rows as drawn, paired: mean and 95 % interval over {seeds} seeds; dotted: no change.",
    )


STUDY = Study(
    name="auditing",
    source=covid,
    arms=lambda quick: {name: sized(settings, quick) for name, settings in ARMS.items()},
    arena=arena,
    measure=run,
    summary=summary,
    page=page,
)

if __name__ == "__main__":
    STUDY.main()
