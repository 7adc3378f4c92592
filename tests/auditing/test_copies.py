"""Near copies: found by size where ranks leap, in units of a row's surroundings, and not where a row has a twin."""

import numpy as np
import pandas as pd
import pytest
from laws import case

from fidelia.auditing.copies import near_copies
from fidelia.auditing.scores import scores
from fidelia.measure.authenticity.ratio import ratios
from fidelia.measure.statistics.flags import too_small

ROWS, COPIES = 1_000, 100


def workers(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Half of all people work 40 hours a week, whole years of age, a weight that hardly two share."""
    r = np.random.default_rng(seed)
    hours = np.where(r.random(rows) < 0.5, 40, r.normal(40, 12, rows).round())
    weight, job = r.normal(190_000, 100_000, rows).round(), r.choice([*"abcdefgh"], rows)
    others = {name: r.normal(size=rows) for name in ("height", "step", "pay")}
    return pd.DataFrame({"age": r.normal(40, 13, rows).round(), "hours": hours, "weight": weight, "job": job, **others})


def moved(train: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """The first rows, an hour more, the weight by 1 % of its spread."""
    r, copies = np.random.default_rng(seed), train.head(COPIES).copy()
    copies["weight"] += (1_000 * r.normal(size=COPIES)).round()
    return copies.assign(hours=copies.hours + 1)


def judged(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame):
    known = case(train, synthetic, holdout)
    return known, near_copies(known, scores(known, lambda _: None)).flags


def test_an_hour_more_than_everybody_works_hides_no_copy() -> None:
    train, fresh = workers(0), workers(2)
    made = pd.concat([moved(train), fresh.iloc[COPIES:]], ignore_index=True)
    known, found = judged(train, made, workers(1))
    flagged = found.q <= 0.1
    by_rank = too_small(ratios(known.neighbors, "synthetic"), ratios(known.neighbors, "holdout")).q <= 0.1
    assert flagged[:COPIES].mean() >= 0.9 > 0.6 > by_rank[:COPIES].mean()
    assert flagged[COPIES:].sum() <= 0.15 * flagged.sum()


@pytest.mark.parametrize("seed", range(3))
def test_fresh_rows_are_no_copies(seed: int) -> None:
    _, found = judged(workers(10 * seed), workers(10 * seed + 2), workers(10 * seed + 1))
    assert not (found.q <= 0.1).any()
    assert np.quantile(found.p, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.08)


def test_of_rows_with_a_twin_nobody_can_be_told_to_be_the_copy() -> None:
    train = workers(0)
    train.iloc[COPIES : 2 * COPIES] = train.head(COPIES).to_numpy()
    _, found = judged(train, pd.concat([train.head(COPIES), workers(2).iloc[COPIES:]]), workers(1))
    assert (found.p[:COPIES] > 0.5).all()


def test_a_missing_number_has_no_size_to_be_near_by() -> None:
    train, fresh, holdout = (workers(seed) for seed in (0, 2, 1))
    for table in (train, fresh, holdout):
        table.loc[::3, "hours"] = np.nan
    made = pd.concat([moved(train), fresh.iloc[COPIES:]], ignore_index=True)
    found = judged(train, made, holdout)[1]
    assert np.isfinite(found.p).all()
    assert (found.q[:COPIES] <= 0.1).mean() >= 0.9


def test_levels_alone_are_measured_as_they_are() -> None:
    tables = [workers(seed, 300)[["job"]].assign(other=lambda f: f.job.str.upper()) for seed in (0, 2, 1)]
    assert not (judged(*tables)[1].q <= 0.1).any()


@pytest.mark.parametrize("rows", [2, 3, 17])
def test_tables_of_few_rows(rows: int) -> None:
    _, found = judged(workers(0, rows), workers(2, rows), workers(1, rows))
    assert found.p.shape == (rows,) and ((found.p > 0) & (found.p <= 1)).all()
