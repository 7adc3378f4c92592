"""ADS-GAN's penalty against cases whose value is known, and against a direct count."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fidelia.encode.codes import Coded, Continuous, Discrete  # noqa: E402
from fidelia.generate.deep.batch import Rows  # noqa: E402
from fidelia.generate.deep.gan.identifiability import (  # noqa: E402
    Guarded,
    Space,
    identifiability,
    information,
    nearest,
    shortfall,
)
from fidelia.generate.deep.layout import Layout  # noqa: E402

CPU = torch.device("cpu")


def table(n, seed=0, near=None):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 3)) if near is None else near
    levels = (x[:, 0] > 0).astype(np.int32)
    columns = {f"x{i}": Continuous(x[:, i].copy(), None) for i in range(3)}
    return Coded({**columns, "a": Discrete(levels, 2)}, n)


def rows_of(n, seed=0):
    coded = table(n, seed)
    layout = Layout.fit(coded, k=1)
    return layout, Rows.of(layout.encode(coded), CPU)


def test_entropies_are_those_of_the_shares():
    counts = torch.tensor([50.0, 25.0, 25.0, 0.0])
    assert float(information(counts, 100).sum()) == pytest.approx(1.5 * np.log(2), abs=1e-6)


def test_weights_are_one_over_the_entropy_of_the_column():
    layout, rows = rows_of(1000)
    space = Space.of(layout, rows)
    share = rows.tokens[:, -1].float().mean()
    entropy = -(share * share.log() + (1 - share) * (1 - share).log())
    one, other = space.points(torch.eye(2), torch.zeros(2, 3))
    assert float((one - other).norm()) == pytest.approx(float(1 / entropy), rel=1e-5)
    assert torch.allclose(space.numbers, torch.full((3,), 1 / np.log(10)), rtol=0.01)


def test_a_column_without_variation_has_no_weight():
    coded = Coded({"x": Continuous(np.arange(50.0), None), "a": Discrete(np.zeros(50, np.int32), 2)}, 50)
    layout = Layout.fit(coded, k=1)
    assert torch.equal(Space.of(layout, Rows.of(layout.encode(coded), CPU)).tokens, torch.zeros(2))


def test_nearest_is_the_least_of_all_distances(monkeypatch):
    monkeypatch.setattr("fidelia.generate.deep.gan.identifiability.BLOCK", 70)
    points, others = torch.randn(40, 5), torch.randn(31, 5)
    assert torch.allclose(nearest(points, others), torch.cdist(points, others).min(1).values, atol=1e-5)
    apart = torch.cdist(points, points) + torch.diag(torch.full((40,), torch.inf))
    assert torch.allclose(nearest(points, points, torch.arange(40)), apart.min(1).values, atol=1e-5)


def test_copies_cost_one_and_far_rows_nothing():
    points = torch.randn(200, 4)
    radii = nearest(points, points, torch.arange(200))
    assert float(shortfall(nearest(points, points), radii)) == 1.0
    assert float(shortfall(nearest(points, points + 100), radii)) == 0.0
    halves = points + (radii / 2)[:, None] * torch.nn.functional.normalize(torch.randn(200, 4))
    assert float(shortfall((points - halves).norm(dim=1), radii)) == pytest.approx(0.5, abs=1e-4)


def test_the_penalty_falls_as_rows_move_apart():
    points = torch.randn(200, 4)
    radii = nearest(points, points, torch.arange(200))
    away = torch.nn.functional.normalize(torch.randn(200, 4))
    found = [float(shortfall(nearest(points, points + s * away), radii)) for s in (0.0, 0.1, 0.3, 1.0, 5.0)]
    assert found == sorted(found, reverse=True)
    assert all(0 <= value <= 1 for value in found)
    assert found[0] > found[1] > found[-1]


def test_its_slope_pushes_the_rows_that_are_too_near_and_no_others():
    points = torch.tensor([[0.0, 0.0], [100.0, 0.0]])
    made = torch.tensor([[1.0, 0.0], [0.0, 50.0]], requires_grad=True)
    shortfall(nearest(points, made), torch.tensor([10.0, 10.0])).backward()
    assert made.grad is not None
    assert made.grad[0].tolist() == pytest.approx([-1 / (10 * 2), 0.0])
    assert torch.equal(made.grad[1], torch.zeros(2))


def test_rows_with_a_twin_are_left_out():
    points = torch.tensor([[0.0], [0.0], [5.0]])
    radii = nearest(points, points, torch.arange(3))
    assert radii.tolist() == [0.0, 0.0, 5.0]
    assert float(shortfall(nearest(points, torch.tensor([[0.0], [4.0]])), radii)) == pytest.approx(0.8)
    assert float(shortfall(torch.zeros(2), torch.zeros(2))) == 0.0


def test_the_mean_distance_between_unrelated_rows_is_another_thing():
    """What public code subtracts is not 0 for rows that identify nobody, and knows no bound."""
    real = torch.randn(256, 4)
    radii = nearest(real, real, torch.arange(256))

    def unrelated(made):
        return -(real - made).norm(dim=1).mean()

    far, farther = real.flip(0) + 100, real.flip(0) + 1000
    assert float(shortfall(nearest(real, far), radii)) == float(shortfall(nearest(real, farther), radii)) == 0.0
    assert unrelated(farther) < 5 * unrelated(far) < -500
    # Copies in another order: every row is identified, and the wrong term sees two unrelated samples.
    shuffled = real[torch.randperm(256)]
    assert float(shortfall(nearest(real, shuffled), radii)) == 1.0
    assert float(unrelated(shuffled)) == pytest.approx(float(unrelated(torch.randn(256, 4))), rel=0.15)


def test_identifiability_is_the_count_of_its_definition():
    layout, real = rows_of(300)
    _, made = rows_of(300, seed=1)
    space = Space.of(layout, real)
    a, b = space.of_rows(real), space.of_rows(made)
    count = 0
    for i in range(300):
        others = torch.cat([a[:i], a[i + 1 :]])
        count += bool((b - a[i]).norm(dim=1).min() < (others - a[i]).norm(dim=1).min())
    assert identifiability(layout, real, made) == pytest.approx(count / 300, abs=0.004)


def test_copies_identify_everyone_and_a_fresh_sample_about_half():
    layout, real = rows_of(2000)
    fresh = Rows.of(layout.encode(table(2000, seed=5)), CPU)
    assert identifiability(layout, real, real) == 1.0
    assert 0.4 < identifiability(layout, real, fresh) < 0.6


def test_guarded_rows_scale_with_the_table():
    layout, rows = rows_of(500)
    guarded = Guarded.of(layout, rows)
    assert (guarded.radii > 0).all()
    space = Space.of(layout, rows)
    levels = space.blocks.onehot(rows.tokens)
    numbers = guarded.space.of_rows(rows)[:, levels.shape[1] :] / space.numbers
    assert float(guarded.penalty(levels, numbers)) == pytest.approx(1.0, abs=1e-3)
    assert float(guarded.penalty(levels, numbers + 50)) == 0.0


def test_one_row_guards_nothing():
    layout, rows = rows_of(1)
    assert (
        float(
            Guarded.of(layout, rows).penalty(
                torch.zeros(4, len(Space.of(layout, rows).tokens)), torch.zeros(4, len(layout.numbers))
            )
        )
        == 0.0
    )
