"""The published audit: correctly indexed, no row twice, and what it does to rows that nothing is wrong with."""

import numpy as np
import pytest
from drawn import Drawn, invented, perfect, table, values
from laws import case, gauss

from fidelia.auditing.curation.curate import How, curate
from fidelia.auditing.curation.curated import Curated
from fidelia.auditing.curation.published import GRID, ByShells

ROWS = 600
PUBLISHED = How(method="alaa2022")


@pytest.fixture(scope="module")
def perfectly() -> Curated:
    """A perfect generator, drawn from until all shells are full."""
    return curate(table(perfect, 0, ROWS), Drawn(perfect), table(perfect, 1, ROWS), how=PUBLISHED)


def judge(rows: np.ndarray, wanted: int = ROWS):
    frames = gauss(0), gauss(1).iloc[: len(rows)], gauss(2)
    draw = case(frames[0], frames[1].assign(**dict(zip(frames[0], rows.T, strict=True))), frames[2])
    shells = ByShells(draw, wanted)
    return shells, shells(draw, np.random.default_rng(0))


def test_each_shell_takes_its_share_and_no_more() -> None:
    shells, found = judge(gauss(5).to_numpy(), 290)
    assert found.kept.sum() == 290 - shells.left.sum()
    assert (shells.left >= 0).all() and shells.left.sum() < 10
    assert len(shells.left) == GRID - 1


def test_rows_outside_the_support_and_copies_are_not_taken() -> None:
    rows = gauss(5, 500).to_numpy().copy()
    rows[:100] += 9
    rows[100:200] = gauss(0).to_numpy()[:100]
    _, found = judge(rows)
    assert found.out["OUTSIDE"][:100].all() and found.out["UNAUTHENTIC"][100:200].all()
    assert not found.kept[:200].any() and found.kept[200:].any()


def test_marks_belong_to_synthetic_rows_whatever_their_number_and_order() -> None:
    rows = gauss(5, 700).to_numpy()
    _, found = judge(rows, 10**6)
    _, turned = judge(rows[::-1], 10**6)
    assert (turned.kept[::-1] == found.kept).all()


def test_no_row_is_returned_twice(perfectly: Curated) -> None:
    rows = values(perfectly.table)
    assert len(rows) == ROWS
    assert len(np.unique(rows, axis=0)) == ROWS


def test_a_perfect_generator_loses_two_fifths_of_its_rows_and_is_driven_off_the_train_rows(perfectly: Curated) -> None:
    """In eight normal dimensions fresh real rows are authentic at a rate of some 0.6; here all rows are."""
    assert 0.3 < perfectly.rejected < 0.5
    found = next(each for each in perfectly.changes if each.code == "AUT02")
    assert found.after - found.before > 0.3 and found.said() == "worse"
    assert perfectly.take == "review"


def test_without_more_rows_to_draw_shells_stay_unfilled_and_the_spread_grows() -> None:
    made = table(perfect, 5, 4_000)
    found = curate(table(perfect, 0, 4_000), made, table(perfect, 1, 100), how=PUBLISHED)
    before, after = values(made), values(found.table)
    error = np.sqrt(2 / after.size)
    assert len(after) < 0.65 * len(before)
    assert after.var(axis=0).mean() - before.var(axis=0).mean() > 3 * error


@pytest.mark.slow
def test_an_inventing_generator_is_cut_at_the_edge_of_the_support() -> None:
    found = curate(table(perfect, 0, 2_000), Drawn(invented), table(perfect, 1, 2_000), how=PUBLISHED)
    assert (values(found.table).mean(axis=1) > 2.5).mean() < 0.02
