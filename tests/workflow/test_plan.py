"""The plan: what is said of a run's time before it begins."""

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.images.imageset import ImageSet
from fidelia.data.table import Table
from fidelia.schema import Column, Kind, Schema
from fidelia.workflow.plan import TRAIN, TRAIN_PICTURES, plan


def table(rows):
    return Table(pa.table({"x": pa.array(range(rows))}), Schema((Column("x", Kind.INTEGER),)))


def seconds(generator, rows=1_000, time_limit=None):
    return plan(table(rows), generator=generator, time_limit=time_limit).seconds


@pytest.mark.parametrize("generator", TRAIN)
def test_steps_bound_the_time_of_networks_and_limits_that_of_steps(generator):
    rest = seconds("marginals", 1_000_000)
    assert seconds(generator, 1_000_000) - rest == pytest.approx(TRAIN[generator], abs=1)
    assert seconds(generator, 1_000_000, 30.0) - rest == pytest.approx(30, abs=1)
    assert seconds(generator, 1_000) < seconds(generator, 100_000) < seconds(generator, 1_000_000)


def test_a_race_takes_its_time_limit():
    assert seconds("auto", time_limit=600.0) - seconds("marginals") == pytest.approx(600, abs=1)


def test_the_limit_does_not_slow_what_takes_seconds():
    assert seconds("trees", time_limit=600.0) == seconds("trees")


def test_pictures_are_planned_by_their_pixels():
    small, large = (ImageSet(np.zeros((50, side, side, 1), np.uint8), ("a", "b") * 25).table() for side in (14, 28))
    found = plan(large, generator="image-vae")
    assert found.text.startswith("50 pictures of 28 x 28 x 1, 2 labels; about ")
    fits = [plan(of, generator="image-vae").seconds for of in (small, large)]
    assert fits[1] - fits[0] == pytest.approx(0.75 * TRAIN_PICTURES["image-vae"], abs=1)
    assert plan(large, generator="image-vae", time_limit=5.0).seconds < found.seconds - 100
