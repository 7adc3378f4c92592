"""The parts of the denoising diffusion GAN against closed forms, and what it learns of tables whose law is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from scipy.stats import truncnorm  # noqa: E402

import fidelia as fd  # noqa: E402
from fidelia.encode.codes import Coded, Continuous, Discrete  # noqa: E402
from fidelia.errors import UsageError  # noqa: E402
from fidelia.generate.deep.batch import Rows  # noqa: E402
from fidelia.generate.deep.ddgan.chain import Chain, survivals  # noqa: E402
from fidelia.generate.deep.ddgan.denoiser import FREQUENCIES, TEMPERATURE, cut, waves  # noqa: E402
from fidelia.generate.deep.ddgan.discriminator import Discriminator  # noqa: E402
from fidelia.generate.deep.ddgan.duel import energy_score  # noqa: E402
from fidelia.generate.deep.ddgan.model import DenoisingDiffusionGAN, DenoisingGAN  # noqa: E402
from fidelia.generate.deep.layout import Known, Layout  # noqa: E402
from fidelia.generate.deep.loop import Moment  # noqa: E402
from fidelia.generate.deep.nets import Blocks, squared_slopes  # noqa: E402
from fidelia.rng import Rng  # noqa: E402

SMALL = {"width": 64, "depth": 2, "latent": 8, "batch": 128}


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def parts(n=600):
    """A gated number, a plain number, a small token and one of two digits."""
    random = np.random.default_rng(0)
    gated = np.where(random.random(n) < 0.3, np.nan, random.normal(size=n))
    columns = {
        "gated": Continuous(gated, None),
        "plain": Continuous(random.normal(size=n), None),
        "level": Discrete((random.random(n) < 0.2).astype(np.int32) * 2, 3),
        "many": Discrete(random.integers(0, 200, n).astype(np.int32), 200),
    }
    layout = Layout.fit(Coded(columns, n), k=1)
    return layout, Rows.of(layout.encode(Coded(columns, n)), torch.device("cpu"))


def network(layout, rows, **more):
    settings = DenoisingDiffusionGAN(**{**SMALL, "width": 32, **more})
    made = DenoisingGAN(layout, settings)
    settings.prepare(made, rows)
    return made


@torch.no_grad()
def draw(made, n, known=None):
    return made.eval().draw(n, known)


@pytest.mark.parametrize("rho", [1.0, 2.0])
def test_the_angle_of_the_noise_rises_as_a_power(rho):
    abar = survivals(4, rho)
    assert abar[0] == 1.0
    noise = ((1 - abar[1:4]) / abar[1:4]).sqrt()
    assert noise.tolist() == pytest.approx([math.tan(math.pi / 2 * (i / 4) ** rho) for i in (1, 2, 3)])
    assert float(abar[4]) == pytest.approx(0, abs=1e-12)
    assert (abar.diff() < 0).all()


def test_steps_of_noise_compose_to_the_marginal():
    chain = Chain(4, 2.0)
    assert torch.allclose(torch.cumprod(1 - chain.beta, 0), chain.abar, rtol=1e-4, atol=1e-7)
    x0 = torch.full((40_000, 1), 2.0)
    t = torch.full((len(x0),), 2)
    before, after = chain.pair(x0, t)
    for x, step in ((before, 1), (after, 2)):
        assert float(x.mean()) == pytest.approx(2 * float(chain.abar[step].sqrt()), abs=0.03)
        assert float(x.var()) == pytest.approx(1 - float(chain.abar[step]), abs=0.03)
    # x_t forgets x_{t-1} by the root of 1 - beta.
    slope = ((before - before.mean()) * (after - after.mean())).mean() / before.var()
    assert float(slope) == pytest.approx(float((1 - chain.beta[2]).sqrt()), abs=0.03)


@pytest.mark.parametrize("t", [1, 2, 3, 4])
def test_the_posterior_gives_the_marginal_back(t):
    chain = Chain(4, 1.0)
    step, one, none = torch.tensor([t]), torch.ones(1, 1), torch.zeros(1, 1)
    clean, variance = (float(x) for x in chain.posterior(one, none, step))
    noisy = float(chain.posterior(none, one, step)[0])
    abar, before = float(chain.abar[t]), float(chain.abar[t - 1])
    # With x_t = sqrt(abar) x0 + noise, x_{t-1} = clean x0 + noisy x_t + noise must follow q(x_{t-1} | x0).
    assert clean + noisy * math.sqrt(abar) == pytest.approx(math.sqrt(before), abs=1e-5)
    assert noisy**2 * (1 - abar) + variance == pytest.approx(1 - before, abs=1e-5)


def test_the_posterior_is_the_product_of_two_normal_laws():
    chain, t = Chain(4, 1.0), 3
    beta, before = float(chain.beta[t]), float(chain.abar[t - 1])
    x0, xt = 1.3, -0.4
    precision = (1 - beta) / beta + 1 / (1 - before)
    mean = (math.sqrt(1 - beta) * xt / beta + math.sqrt(before) * x0 / (1 - before)) / precision
    found = chain.posterior(torch.tensor([[x0]]), torch.tensor([[xt]]), torch.tensor([t]))
    assert [float(x) for x in found] == pytest.approx([mean, 1 / precision], rel=1e-4)


def test_the_last_step_back_is_the_clean_row_itself():
    x0, xt = torch.randn(5, 3), torch.randn(5, 3)
    assert torch.allclose(Chain(4, 2.0).back(x0, xt, torch.ones(5, dtype=torch.long)), x0, atol=1e-6)


def test_the_steepness_of_a_linear_discriminator_is_its_squared_slope():
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    found = squared_slopes(lambda x: x @ weight, torch.randn(8, 2)).mean()
    assert float(found.detach()) == pytest.approx(25.0)
    found.backward()
    assert weight.grad.tolist() == pytest.approx([6.0, 8.0])
    # A pack of two rows has the slopes of both.
    packs = squared_slopes(lambda x: (x @ weight.detach()).reshape(-1, 2).sum(1), torch.randn(8, 2)).mean()
    assert float(packs) == pytest.approx(50.0)


def test_the_discriminator_sees_packs_apart_and_rows_of_a_pack_together():
    judge = Discriminator(3, 1, Chain(4, 2.0), width=8, depth=1, pac=2)
    before, xt, t = torch.randn(6, 3), torch.randn(6, 3), torch.tensor([1, 1, 4, 4, 2, 2])
    found = judge(before, xt, t)
    assert found.shape == (3,)
    changed = before.clone()
    changed[1] += 1
    other = judge(changed, xt, t)
    assert other[0] != found[0]
    assert torch.equal(other[1:], found[1:])
    assert judge(before, xt, torch.full((6,), 3))[0] != found[0]


def test_draws_of_tokens_are_hard_and_their_gradient_is_that_of_the_softmax():
    blocks, weight = Blocks([3, 2]), torch.randn(4, 5)
    logits = torch.randn(4, 5, requires_grad=True)
    torch.manual_seed(5)
    hard = blocks.straight(logits, TEMPERATURE)
    assert set(hard.unique().tolist()) == {0.0, 1.0}
    assert (hard.sum(1) == 2).all()
    (found,) = torch.autograd.grad((hard * weight).sum(), logits)
    torch.manual_seed(5)
    soft = blocks.log_softmax((logits - torch.empty_like(logits).exponential_().log()) / TEMPERATURE).exp()
    (wanted,) = torch.autograd.grad((soft * weight).sum(), logits)
    assert torch.allclose(found, wanted)


def test_draws_of_tokens_follow_their_softmax():
    logits = torch.tensor([0.7, 0.2, 0.1]).log().expand(20_000, 3)
    assert Blocks([3]).straight(logits, TEMPERATURE).mean(0).tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.015)


def test_the_energy_score_is_least_for_the_right_law():
    real = torch.randn(40_000, 2)

    def mean(shift, spread):
        one, other = (shift + spread * torch.randn_like(real) for _ in range(2))
        return float(energy_score(one, other, real).mean())

    right = mean(0, 1)
    # In one dimension: 2 / sqrt(pi) / 2; in two, half the mean distance of two draws, sqrt(pi) / 2.
    assert right == pytest.approx(math.sqrt(math.pi) / 2, abs=0.01)
    assert min(mean(0.3, 1), mean(0, 0.6), mean(0, 1.6), mean(0, 0.01)) > right + 0.01


def test_numbers_behind_closed_gates_are_nothing_and_levels_are_centred():
    layout, rows = parts()
    generator = network(layout, rows).generator
    batch = rows.batch()
    vectors = generator.rows(batch)
    assert (vectors[:, generator.blocks.width :][~batch.active] == 0).all()
    assert vectors[:, : generator.blocks.width].mean(0).abs().max() < 0.02
    closed = generator.blocks.onehot(torch.tensor([[1, 0, 0, 0]]))
    assert generator.joined(closed, torch.ones(1, 2))[0, -2:].tolist() == [0.0, 1.0]


def test_an_untrained_generator_knows_independent_columns():
    layout, rows = parts(3_000)
    drawn = draw(network(layout, rows), 4_000)
    assert drawn.numbers.mean(0) == pytest.approx([0, 0], abs=0.3)
    assert drawn.numbers.std(0) == pytest.approx([1, 1], abs=0.5)
    found = np.bincount(drawn.tokens[:, 1], minlength=3) / 4_000
    assert found == pytest.approx([0.8, 0, 0.2], abs=0.06)


def test_damped_waves_are_the_expected_waves_of_what_is_under_the_noise():
    clean, noise = torch.full((200_000, 1), 0.4), torch.full((1, 1), 0.5)
    noisy = waves(clean + noise * torch.randn_like(clean), torch.zeros(1, 1)).mean(0)
    assert torch.allclose(noisy, waves(clean[:1], noise)[0], atol=0.01)
    assert waves(torch.randn(5, 3), noise).shape == (5, 2 * 3 * FREQUENCIES)


@pytest.mark.parametrize("ends", [[(-0.5, 0.8)], [(-3.0, -1.0), (0.2, 0.4)], [(1.5, 1.5)]])
def test_cut_normal_laws_are_truncated_normal_laws(ends):
    mean, scale = torch.full((20_000,), 0.3), torch.full((20_000,), 0.7)
    windows = torch.tensor(ends)
    found = cut(mean, scale, windows).numpy()
    inside = [(found >= low - 1e-6) & (found <= high + 1e-6) for low, high in ends]
    assert np.any(inside, axis=0).all()
    for (low, high), here in zip(ends, inside, strict=True):
        if high > low:
            law = truncnorm((low - 0.3) / 0.7, (high - 0.3) / 0.7, 0.3, 0.7)
            assert found[here].mean() == pytest.approx(law.mean(), abs=0.03)


def test_a_law_far_from_its_windows_goes_to_the_nearest_end():
    windows = torch.tensor([[-2.0, -1.0], [3.0, 4.0]])
    assert cut(torch.tensor([40.0, -40.0]), torch.tensor([0.1, 0.1]), windows).tolist() == [4.0, -2.0]


@pytest.mark.parametrize("T", [1, 2, 3, 4])
def test_chains_of_any_length_draw_rows_and_have_losses(T):
    layout, rows = parts()
    made = network(layout, rows, T=T, pac=3)
    drawn = draw(made, 17)
    assert drawn.tokens.shape == (17, 4)
    assert drawn.numbers.shape == (17, 2)
    assert np.isfinite(drawn.numbers).all()
    assert (drawn.tokens < [token.levels for token in layout.tokens]).all()
    for batch in (rows.batch(torch.arange(64)), rows.batch(torch.arange(1))):
        for move in made.moves().values():
            loss = move.loss(batch, Moment(0, 0.0))
            made.zero_grad()
            loss.backward()
            assert math.isfinite(float(loss.detach()))
            assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in move.module.parameters())


def test_the_losses_leave_the_other_player_alone():
    layout, rows = parts()
    made = network(layout, rows)
    batch = rows.batch(torch.arange(64))
    made.generator_loss(batch, Moment(1, 0.0)).backward()
    assert all(p.grad is None for p in made.discriminator.parameters())
    made.zero_grad()
    made.discriminator_loss(batch, Moment(1, 0.0)).backward()
    assert all(p.grad is None for p in made.generator.parameters())


def test_conditions_are_kept_to_in_every_step():
    layout, rows = parts()
    grid = np.zeros((layout.tokens[2].levels, layout.tokens[3].levels), bool)
    grid[2, 3] = grid[5, 7] = True
    known = Known({0: np.array([True, False]), 1: np.array([True, False, True]), 2: grid.any(1)}, {3: grid}, {
        0: np.array([[0.2, 0.3]]), 1: np.array([[0.0, 0.1], [0.9, 0.9001]]),
    })  # fmt: skip
    drawn = draw(network(layout, rows), 500, known)
    assert (drawn.tokens[:, 0] == 0).all()
    assert set(drawn.tokens[:, 1]) <= {0, 2}
    assert grid[drawn.tokens[:, 2], drawn.tokens[:, 3]].all()
    assert (np.abs(drawn.numbers[:, 0] + 0.683) <= 0.16).all()
    assert ((drawn.numbers[:, 1] < -1.28) | (np.abs(drawn.numbers[:, 1] - 1.2816) < 1e-2)).all()


@pytest.mark.parametrize(
    "wrong", [{"T": 0}, {"T": True}, {"rho": 0.0}, {"latent": 0}, {"energy": -1.0}, {"gamma": math.nan}, {"pac": 0}]
)
def test_impossible_parameters_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=name):
        DenoisingDiffusionGAN(**wrong).check()


def grid(n=3_000, seed=0):
    """Nine tight modes, and a level that says the column of each."""
    draw = np.random.default_rng(seed)
    at = draw.integers(-1, 2, (n, 2))
    x, y = (at + 0.05 * draw.normal(size=(n, 2))).T
    return pd.DataFrame({"x": x, "y": y, "side": np.array(["left", "middle", "right"])[at[:, 0] + 1]})


def test_all_modes_are_found_and_rows_hold_together():
    frame = grid()
    model = DenoisingDiffusionGAN(**SMALL, steps=500, rate=2e-3).fit(fd.read(frame), rng=Rng(0))
    drawn = model.sample(2_000, rng=Rng(1)).native()
    xy = drawn[["x", "y"]].to_numpy()
    near = np.round(xy).clip(-1, 1)
    good = np.linalg.norm(xy - near, axis=1) < 0.25
    counts = np.bincount(((near + 1) @ [3, 1]).astype(int)[good], minlength=9)
    assert good.mean() > 0.75
    assert counts.min() > 50
    sides = np.array(["left", "middle", "right"])[near[:, 0].astype(int) + 1]
    assert (drawn["side"] == sides).mean() > 0.9


def test_missing_values_follow_their_rule_and_seeds_repeat():
    draw = np.random.default_rng(0)
    a = draw.choice(["x", "y", "z"], 1_500)
    b = np.where(a == "x", np.nan, draw.normal(size=1_500))
    table = fd.read(pd.DataFrame({"a": a, "b": b}))
    one, two = (
        DenoisingDiffusionGAN(**SMALL, steps=300, rate=2e-3).fit(table, rng=Rng(0)).sample(1_000, rng=Rng(1)).native()
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)
    missing = one["b"].isna().groupby(one["a"]).mean()
    assert missing["x"] >= 0.97
    assert missing[["y", "z"]].max() <= 0.03
