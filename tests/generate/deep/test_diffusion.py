"""Diffusion: schedules and preconditioning against formulas, the sampler against laws that are known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fidelia.data.read import read  # noqa: E402
from fidelia.encode.codes import Coded, Continuous, Discrete  # noqa: E402
from fidelia.errors import UsageError  # noqa: E402
from fidelia.generate.conditions import Given  # noqa: E402
from fidelia.generate.deep.batch import Rows  # noqa: E402
from fidelia.generate.deep.diffusion.guide import Guide  # noqa: E402
from fidelia.generate.deep.diffusion.model import Denoiser, Diffusion, View  # noqa: E402
from fidelia.generate.deep.diffusion.noise import HIGH, LOW, Schedules, enter, out, skip, stratified, within_windows  # noqa: E402
from fidelia.generate.deep.diffusion.reverse import reverse  # noqa: E402
from fidelia.generate.deep.layout import Known, Layout  # noqa: E402
from fidelia.generate.deep.nets import Blocks  # noqa: E402
from fidelia.generate.sampling import sample  # noqa: E402
from fidelia.rng import Rng  # noqa: E402


class Exact:
    """The exact denoiser of a law with finitely many components: tokens, and normal numbers about their means."""

    def __init__(self, shares, tokens, means=None, spread=0.1):
        self.shares, self.tokens = torch.tensor(shares), torch.tensor(tokens)
        self.means = torch.zeros(len(shares), 0) if means is None else torch.tensor(means)
        self.spread = spread
        sizes = (self.tokens.amax(0) + 1).tolist() if self.tokens.shape[1] else []
        self.blocks, self.masks = Blocks(sizes), torch.tensor(sizes, dtype=torch.long)
        self.schedules = Schedules(len(sizes), self.means.shape[1], learnt=False)
        self.asked = 0

    def denoised(self, tokens, x, t):
        self.asked += len(tokens)
        variance = self.spread**2 + self.schedules.sigma(t) ** 2
        fits = (tokens[:, None] == self.tokens) | (tokens[:, None] == self.masks)
        away = x[:, None] - self.means
        weights = self.shares.log() + (-0.5 * away**2 / variance - 0.5 * variance.log()).sum(2)
        posterior = weights.masked_fill(~fits.all(2), -torch.inf).softmax(1)
        levels = posterior @ self.blocks.onehot(self.tokens)
        inside = self.means + self.spread**2 / variance[0] * away
        return levels.log(), (posterior[:, :, None] * inside).sum(1)

    def draw(self, n, known=None, **more):
        torch.manual_seed(0)
        guide = Guide.of(known, self.blocks, torch.device("cpu"))
        return reverse(self, guide, n, **{"steps": 20, **more})


PAIRS = Exact([0.5, 0.3, 0.15, 0.05], [[0, 0, 0], [1, 1, 0], [2, 2, 1], [3, 3, 1]])
MIXED = Exact([0.6, 0.3, 0.1], [[0], [1], [1]], [[-0.8, 0.5], [0.9, -1.6], [1.9, 1.6]])


def shares(tokens, levels):
    return np.bincount(tokens.numpy(), minlength=levels) / len(tokens)


def test_noise_rises_from_low_to_high_for_every_rho():
    made = Schedules(2, 3)
    made.rho_raw.data = torch.tensor([-1.0, 0.0, 1.0])
    sigma = made.sigma(torch.linspace(0, 1, 50))
    assert torch.allclose(sigma[0], torch.tensor(LOW)) and torch.allclose(sigma[-1], torch.tensor(HIGH), rtol=1e-4)
    assert bool((sigma.diff(dim=0) > 0).all())
    assert torch.equal(made.rho[1], torch.tensor(7.0))


def test_speed_is_the_derivative_of_the_logarithm_of_the_noise():
    made, t = Schedules(0, 2).double(), torch.linspace(0.05, 0.95, 7).double()
    step = 1e-5
    slope = (made.sigma(t + step).log() - made.sigma(t - step).log()) / (2 * step)
    assert torch.allclose(made.speed(t), slope, rtol=1e-6)


def test_masks_rise_from_none_to_all_and_tokens_show_by_that_law():
    made = Schedules(3, 0)
    made.k_raw.data = torch.tensor([-0.5, 0.0, 0.5])
    masked = made.masked(torch.linspace(0, 1, 30))
    assert bool((masked[0] == 0).all()) and bool((masked[-1] == 1).all()) and bool((masked.diff(dim=0) > 0).all())
    torch.manual_seed(0)
    late = (made.shows(20_000) < 0.3).float().mean(0)
    assert torch.allclose(late, made.masked(torch.tensor([0.3]))[0], atol=0.015)


def test_times_are_one_from_each_part():
    torch.manual_seed(0)
    times = stratified(64, torch.device("cpu"))
    assert sorted((times * 64).long().tolist()) == list(range(64)) and (times.diff() < 0).any()


def test_preconditioning_at_its_ends_and_its_unit_variance():
    none, all_ = torch.tensor(1e-6), torch.tensor(1e6)
    assert (
        skip(none) == pytest.approx(1) and out(none) == pytest.approx(0, abs=1e-5) and enter(none) == pytest.approx(1)
    )
    assert skip(all_) == pytest.approx(0, abs=1e-9) and out(all_) == pytest.approx(1)
    sigma = torch.logspace(-3, 2, 20)
    assert torch.allclose((1 - skip(sigma)) ** 2 + skip(sigma) ** 2 * sigma**2, out(sigma) ** 2, rtol=1e-4)
    assert torch.allclose(enter(sigma) ** 2 * (1 + sigma**2), torch.ones(20))


def test_a_number_in_a_window_has_the_mean_of_a_truncated_normal_law():
    from scipy.stats import truncnorm

    for low, high, mean, sigma in ((-0.5, 1.0, 0.3, 2.0), (2.0, 3.0, -1.0, 0.5), (-9.0, -2.0, 4.0, 0.3)):
        spread = sigma / math.sqrt(1 + sigma**2)
        found = within_windows(torch.tensor([mean]), torch.tensor(sigma), torch.tensor([[low, high]]))
        wanted = truncnorm.mean((low - mean) / spread, (high - mean) / spread, mean, spread)
        assert float(found) == pytest.approx(wanted, abs=1e-5)


def test_a_number_in_an_endless_window_is_left_alone_and_in_a_point_is_the_point():
    mean, sigma = torch.tensor([-3.0, 0.0, 2.0]), torch.tensor(0.01)
    assert torch.allclose(within_windows(mean, sigma, torch.tensor([[-99.0, 99.0]])), mean, atol=1e-6)
    assert torch.allclose(within_windows(mean, sigma, torch.tensor([[0.5, 0.5]])), torch.tensor(0.5))
    two = within_windows(torch.tensor([0.1]), torch.tensor(0.2), torch.tensor([[-5.0, 0.0], [4.0, 5.0]]))
    assert -0.3 < float(two) < 0


@pytest.mark.parametrize("churn", [0.0, 1.0])
def test_the_sampler_recovers_a_mixture_of_normal_laws(churn):
    means = [[x, y] for x in (-1.2, 0.0, 1.2) for y in (-1.2, 0.0, 1.2)]
    share = [0.05, 0.05, 0.1, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]
    law = Exact(share, np.zeros((9, 0), int).tolist(), means, spread=0.1)
    _, numbers = law.draw(4_000, steps=25, churn=churn)
    away = torch.cdist(numbers, law.means)
    assert float((away.amin(1) < 0.4).float().mean()) > 0.99
    assert np.abs(shares(away.argmin(1), 9) - share).max() < 0.025
    centred = numbers - law.means[away.argmin(1)]
    assert float(centred.std()) == pytest.approx(0.1, abs=0.015)


def test_the_sampler_recovers_a_normal_law():
    _, numbers = Exact([1.0], [[]], [[0.0]], spread=1.0).draw(20_000, steps=2)
    assert float(numbers.mean()) == pytest.approx(0, abs=0.02) and float(numbers.std()) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("steps", [1, 3, 20])
def test_tokens_keep_their_law_however_few_the_steps(steps):
    tokens, _ = PAIRS.draw(8_000, steps=steps)
    assert torch.equal(tokens[:, 0], tokens[:, 1])
    assert torch.equal(tokens[:, 2], (tokens[:, 0] >= 2).long())
    assert np.abs(shares(tokens[:, 0], 4) - [0.5, 0.3, 0.15, 0.05]).max() < 0.02


def test_each_token_costs_one_evaluation_at_most():
    PAIRS.asked = 0
    PAIRS.draw(100, steps=5)
    assert PAIRS.asked <= 100 * 3


def test_tokens_and_numbers_keep_their_law_together():
    tokens, numbers = MIXED.draw(6_000)
    nearest = torch.cdist(numbers, MIXED.means).argmin(1)
    assert float((tokens[:, 0] == MIXED.tokens[nearest, 0]).float().mean()) > 0.998
    assert np.abs(shares(nearest, 3) - [0.6, 0.3, 0.1]).max() < 0.025


def test_rows_given_a_level_follow_the_conditional_law():
    allowed = np.array([False, True])
    tokens, numbers = MIXED.draw(4_000, Known({0: allowed}, {}, {}))
    assert bool((tokens == 1).all())
    nearest = torch.cdist(numbers, MIXED.means).argmin(1)
    assert np.abs(shares(nearest, 3) - [0, 0.75, 0.25]).max() < 0.03


def test_rows_given_some_levels_follow_the_conditional_law():
    allowed = np.array([False, True, False, True])
    tokens, _ = PAIRS.draw(4_000, Known({0: allowed}, {}, {}))
    assert np.abs(shares(tokens[:, 0], 4) - [0, 6 / 7, 0, 1 / 7]).max() < 0.02 and torch.equal(
        tokens[:, 0], tokens[:, 1]
    )


def test_low_digits_obey_beside_their_high_digits():
    law = Exact([1 / 6] * 6, [[high, low] for high in range(3) for low in range(2)])
    grid = np.array([[True, False], [False, False], [False, True]])
    tokens, _ = law.draw(2_000, Known({0: grid.any(1)}, {1: grid}, {}))
    assert set(map(tuple, tokens.tolist())) == {(0, 0), (2, 1)}


def test_numbers_are_brought_into_their_windows():
    tokens, numbers = MIXED.draw(1_000, Known({}, {}, {0: np.array([[0.9, 1.0]])}))
    inside = numbers[:, 0] > 1.2
    assert float(inside.float().mean()) > 0.95
    assert float((tokens[inside, 0] == 1).float().mean()) > 0.95


def gated(n=1_000):
    """A number that is there in 7 of 10 rows, one that always is, and a column of three levels."""
    draw = np.random.default_rng(0)
    x = np.where(draw.random(n) < 0.3, np.nan, draw.normal(size=n))
    codes = draw.integers(0, 3, n).astype(np.int32)
    coded = Coded({"x": Continuous(x, None), "y": Continuous(draw.normal(size=n), None), "c": Discrete(codes, 3)}, n)
    layout = Layout.fit(coded, k=5)
    torch.manual_seed(0)
    made = Denoiser(layout, width=16, depth=1, rate=1e-3, learnt=True, draws=4, churn=0.0)
    return made, Rows.of(layout.encode(coded), torch.device("cpu"))


def test_the_bound_of_a_network_that_knows_nothing_is_the_logarithm_of_the_levels_for_every_schedule():
    made, rows = gated()
    torch.nn.init.zeros_(made.leave.weight)
    torch.nn.init.zeros_(made.leave.bias)
    for raw in (-0.3, 0.0, 0.3):
        made.schedules.k_raw.data.fill_(raw)
        found = torch.stack([made.view(rows.batch()).tokens.mean(0) for _ in range(10)]).mean(0)
        assert torch.allclose(found, torch.tensor([2.0, 3.0]).log(), rtol=0.08)


def test_errors_of_numbers_have_unit_size_and_those_that_are_not_there_none():
    made, rows = gated(4_000)
    torch.nn.init.zeros_(made.leave.weight)
    torch.nn.init.zeros_(made.leave.bias)
    batch = rows.batch()
    view = made.view(batch)
    assert view.numbers[batch.active].mean().item() == pytest.approx(1, abs=0.06)
    assert bool((view.numbers[~batch.active] == 0).all())


def test_numbers_that_are_known_not_to_be_there_are_not_seen():
    made, rows = gated()
    batch, t = rows.batch(), torch.tensor([0.3])
    other = torch.where(batch.active, batch.numbers, 7.0)
    for one, two in zip(made(batch.tokens, batch.numbers, t), made(batch.tokens, other, t), strict=True):
        assert torch.equal(one, two)
    masked = made.masks.expand(len(batch), -1)
    assert not torch.equal(made(masked, batch.numbers, t)[0], made(masked, other, t)[0])


def test_what_an_error_costs_is_the_loss_of_signal():
    made, rows = gated(50)
    view = made.view(rows.batch())
    sigma = made.schedules.sigma(view.times)
    cost = made.schedules.speed(view.times) * sigma / sigma**3  # sigma' / sigma^3 of an error of D
    assert torch.allclose(view.worth, cost * out(sigma) ** 2, rtol=1e-4)


def test_the_gradient_of_the_masks_is_that_of_the_expected_loss():
    made, _ = gated(50)
    torch.manual_seed(0)
    t = stratified(400_000, torch.device("cpu"))
    hidden = torch.rand(len(t), 2) < made.schedules.masked(t)
    view = View(t, hidden, hidden.float(), torch.zeros(len(t), 2), torch.zeros(len(t), 2))
    term = made._order(view, 3.0 * hidden[:, 0].float())
    term.backward()
    assert term.item() == 0
    # The expected loss is 3 / (k + 1), and dk / draw is ln 4 at k = 1.
    assert made.schedules.k_raw.grad.tolist() == pytest.approx([-0.75 * math.log(4), 0.0], abs=0.03)


def test_schedules_learn_where_asked():
    for learnt in (True, False):
        made, rows = gated(100)
        made.schedules = Schedules(2, 2, learnt=learnt)
        made.loss(rows.batch(), None).backward()
        grads = [made.schedules.rho_raw.grad, made.schedules.k_raw.grad]
        assert all(grad is not None and bool((grad != 0).all()) for grad in grads) if learnt else grads == [None, None]


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"draws": 0}, {"draws": 2.5}, {"churn": -1.0}, {"churn": 99.0}])
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Diffusion(**wrong).check()


@pytest.fixture(scope="module")
def ruled():
    """A model of a table in which b is missing exactly where a is x, c follows a, and d is a ring about e."""
    import pandas as pd

    draw = np.random.default_rng(3)
    a = draw.choice(["x", "y", "z"], 1_500, p=[0.3, 0.5, 0.2])
    b = np.where(a == "x", np.nan, draw.normal(size=1_500))
    c = np.select([a == "x", a == "y"], [-3.0, 0.0], 3.0) + draw.normal(size=1_500) / 4
    angle = draw.uniform(0, 2 * np.pi, 1_500)
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "d": np.cos(angle), "e": np.sin(angle)})
    return Diffusion(steps=500, width=128, depth=1, batch=256, rate=3e-3).fit(read(frame), rng=Rng(0))


def test_values_are_missing_where_the_rule_says(ruled):
    drawn = sample(ruled, 3_000, rng=Rng(1)).native()
    x = drawn["a"] == "x"
    assert drawn["b"][x].isna().mean() >= 0.97 and drawn["b"][~x].isna().mean() <= 0.03
    assert (drawn["c"].groupby(drawn["a"]).median() - [-3, 0, 3]).abs().max() < 0.2


def test_numbers_keep_their_shape(ruled):
    drawn = sample(ruled, 3_000, rng=Rng(1)).native()
    away = np.hypot(drawn["d"], drawn["e"])
    assert np.mean(np.abs(away - 1) < 0.15) > 0.85  # independent: 0.45


def test_conditions_carry_over(ruled):
    rare = sample(ruled, 500, given=Given.parse(["c=2.5..9"]), rng=Rng(1)).native()
    assert (rare["a"] == "z").mean() > 0.95 and rare["b"].notna().mean() > 0.95
    level = sample(ruled, 500, given=Given.parse(["a=x"]), rng=Rng(1)).native()
    assert level["b"].isna().mean() > 0.95 and abs(level["c"].median() + 3) < 0.2
    missing = sample(ruled, 500, given=Given.parse(["b="]), rng=Rng(1)).native()
    assert (missing["a"] == "x").mean() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 30])
def test_all_of_25_modes_are_found(turn):
    import pandas as pd

    draw, angle = np.random.default_rng(1), np.deg2rad(turn)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = draw.integers(-2, 3, (10_000, 2)) + 0.05 * draw.normal(size=(10_000, 2))
    model = Diffusion(steps=1_500, width=256).fit(read(pd.DataFrame(points @ turned.T, columns=["x", "y"])), rng=Rng(0))
    drawn = sample(model, 10_000, rng=Rng(1)).native().to_numpy() @ turned
    nearest = np.clip(np.round(drawn), -2, 2)
    good = np.linalg.norm(drawn - nearest, axis=1) < 0.2
    assert good.mean() >= 0.95 and len(np.unique(nearest[good], axis=0)) == 25
