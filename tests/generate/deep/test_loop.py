"""The training loop on tiny networks: what it keeps, when it stops, how it survives."""

from __future__ import annotations

import logging
import math
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fidelia.errors import TrainingError, UsageError
from fidelia.generate.deep import loop
from fidelia.generate.deep.batch import Rows
from fidelia.generate.deep.checkpoint import Checkpoint
from fidelia.generate.deep.loop import Course, Move, Trainable, device_of, seeded, split, train
from fidelia.rng import Rng

CPU = torch.device("cpu")


def rows(n=200, seed=0):
    """Rows of one token and one number whose position says which row it is."""
    draw = torch.Generator().manual_seed(seed)
    places = (torch.rand(n, 1, generator=draw) * 0.98 + 0.01).float()
    return Rows(torch.arange(n)[:, None] % 2, places, places.clone(), torch.ones(n, 1, dtype=torch.bool))


class Line(Trainable):
    """Learns the mean of the numbers; keeps what it was shown."""

    def __init__(self, start=2.0):
        super().__init__()
        self.at = nn.Parameter(torch.tensor(start))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.seen, self.moments = [], []

    def moves(self):
        return {"fit": Move(self, self.loss, rate=0.05)}

    def loss(self, batch, moment):
        self.calls += 1
        self.seen.append(batch.begin[:, 0].clone())
        self.moments.append(moment)
        return (batch.numbers - self.at).square().mean()

    def score(self, rows):
        return (rows.batch().numbers - self.at).square().mean().item()


class Noisy(Line):
    """As `Line`, with draws from torch's random state in its loss: what a resumed training must bring back."""

    def loss(self, batch, moment):
        return super().loss(batch, moment) + self.at * torch.randn(()) * 0.3


def trained(network=None, course=None, *, data=None, seed=0, **more):
    with seeded(Rng(seed), CPU):
        network = network or Line()
        course = course or Course(steps=60, batch=32)
        history = train(network, data or rows(), course, rng=Rng(seed), **more)
    return network, history


def test_it_learns_and_counts_its_steps():
    network, history = trained(course=Course(steps=300, batch=64, schedule="constant", patience=100))
    data = rows().batch().numbers
    assert network.at.item() == pytest.approx(float(data.mean()), abs=0.15)
    assert (history.stopped, history.steps[-1], len(history.steps)) == ("steps", 300, len(history.scores))
    assert history.seconds > 0
    assert [m.step for m in network.moments] == list(range(300))
    assert network.moments[150].share == pytest.approx(0.5)


class Overfit(Trainable):
    """Its training loss falls for ever; its validation score is best at step 20."""

    def __init__(self):
        super().__init__()
        self.at = nn.Parameter(torch.zeros(()))
        self.register_buffer("step", torch.zeros(()))

    def moves(self):
        return {"fit": Move(self, self.loss, rate=0.01)}

    def loss(self, batch, moment):
        self.step.fill_(moment.step + 1)
        return -self.at

    def score(self, rows):
        return abs(float(self.step) - 20)


def test_validation_decides_when_to_stop_and_what_is_kept():
    course = Course(steps=1000, checks=50, patience=3, ema=0.0, schedule="constant", warm=0.0)
    network, history = trained(Overfit(), course)
    losses = [found["fit"] for found in history.losses]
    assert losses == sorted(losses, reverse=True), "the training loss never stopped falling"
    assert history.stopped == "patience"
    assert history.steps[history.best] == 20
    assert history.steps[-1] == 80
    assert network.at.item() == pytest.approx(0.01 * 20, rel=0.05), "the weights of the best check are put back"


def test_the_average_follows_its_formula():
    class After:
        @contextmanager
        def stage(self, name, total=None):
            yield lambda amount: raw.append(line.at.item())

    raw: list[float] = []
    line = Line()
    trained(line, Course(steps=30, batch=16, ema=0.7, checks=1, patience=9), progress=After())
    # The first tick tells of the steps that a checkpoint brought, the last of those that were not needed.
    expected, *steps = raw[:-1]
    for step, weight in enumerate(steps, start=1):
        expected += (1 - min(0.7, (1 + step) / (10 + step))) * (weight - expected)
    assert len(steps) == 30
    assert line.at.item() == pytest.approx(expected, abs=1e-6), "the kept weights are the average after the last step"


def test_gradients_are_clipped_to_the_norm():
    norms = []

    class Steep(Line):
        def loss(self, batch, moment):
            return 1e6 * self.at

        def moves(self):
            return {"fit": Move(self, self.loss, rate=0.1, betas=(0.0, 0.0))}

    network = Steep()
    step = torch.optim.AdamW.step

    def watched(self, *args, **kwargs):
        norms.append(float(self.param_groups[0]["params"][0].grad.norm()))
        return step(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", watched)
        trained(network, Course(steps=5, clip=0.25))
    assert norms == pytest.approx([0.25] * 5, rel=1e-4)


def test_every_pass_covers_all_learning_rows():
    network, _ = trained(course=Course(steps=12, batch=45, patience=99))  # 180 rows learn, 4 batches a pass
    for begin in (0, 4, 8):
        seen = torch.cat(network.seen[begin : begin + 4])
        assert len(seen) == 180
        assert len(seen.unique()) == 180
    first, second = torch.cat(network.seen[:4]), torch.cat(network.seen[4:8])
    assert not torch.equal(first, second), "each pass is shuffled anew"


def test_validation_rows_are_never_learnt_from():
    shown = []

    class Watched(Line):
        def score(self, rows):
            shown.append(rows.begin[:, 0])
            return super().score(rows)

    network, _ = trained(Watched(), Course(steps=30, batch=64))
    assert len(shown[0]) == 20
    assert all(torch.equal(shown[0], again) for again in shown)
    assert not set(torch.cat(network.seen).tolist()) & set(shown[0].tolist())


@pytest.mark.parametrize(("n", "sizes"), [(1, (1, 1)), (2, (1, 1)), (3, (2, 1)), (100, (90, 10))])
def test_split_leaves_rows_on_both_sides(n, sizes):
    learn, check = split(rows(n), 0.1, Rng(0))
    assert (len(learn), len(check)) == sizes


def test_validation_rows_are_no_more_than_tell_something(monkeypatch):
    monkeypatch.setattr(loop, "VALIDATED", 15)
    assert len(split(rows(200), 0.1, Rng(0))[1]) == 15
    monkeypatch.setattr(loop, "CELLS", 8)
    assert len(split(rows(200), 0.1, Rng(0))[1]) == 4, "rows of two parts"


def test_seeds_decide_everything():
    one, two, other = (trained(Noisy(), seed=seed)[0] for seed in (3, 3, 4))
    assert torch.equal(one.at, two.at)
    assert not torch.equal(one.at, other.at)


def test_scores_are_taken_from_one_random_state():
    class Random(Line):
        def score(self, rows):
            return float(torch.randn(()))

    _, history = trained(Random(), Course(steps=40, checks=8, patience=99))
    assert len(set(history.scores)) == 1


def test_scoring_changes_nothing_of_the_training():
    few, many = (trained(Noisy(), Course(steps=40, checks=c, patience=999))[0] for c in (1, 40))
    assert torch.equal(few.calls, many.calls)
    seen = [torch.cat(network.seen) for network in (few, many)]
    assert torch.equal(*seen)


def test_a_time_limit_ends_it_with_the_best_weights(monkeypatch):
    clock = iter(np.arange(0.0, 1e4, 0.1))
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(clock)))
    network, history = trained(course=Course(steps=10_000, checks=1000), seconds=5.0)
    assert history.stopped == "time"
    assert history.steps[-1] < 100
    assert history.best == int(np.argmin(history.scores))
    shares = [moment.share for moment in network.moments]
    assert shares == sorted(shares)
    assert shares[-1] > 0.9, "the rate falls with the time that is left"


def test_even_no_time_at_all_leaves_a_network():
    network, history = trained(seconds=1e-9)
    assert history.stopped == "time"
    assert len(network.seen) == 1
    assert history.best >= 0
    assert torch.isfinite(network.at)


class Timed(Line):
    """A step of its training takes a tenth of a second, a score two; so says a clock that only it moves."""

    now = 0.0

    def loss(self, batch, moment):
        self.now += 0.1
        return super().loss(batch, moment)

    def score(self, rows):
        self.now += 2.0
        return super().score(rows)


def test_a_time_limit_holds_with_the_last_check(monkeypatch):
    network = Timed()
    monkeypatch.setattr(loop.time, "monotonic", lambda: network.now)
    _, history = trained(network, Course(steps=10_000, checks=500), seconds=15.0)
    assert history.stopped == "time"
    assert len(history.scores) >= 3
    assert 14.0 < network.now <= 15.2


def test_what_the_first_check_takes_is_guessed_from_the_steps(monkeypatch):
    network = Timed()
    monkeypatch.setattr(loop.time, "monotonic", lambda: network.now)
    trained(network, Course(steps=10_000, checks=1, batch=5), seconds=5.0)
    assert network.now == pytest.approx(4.6 + 2.0, abs=0.11), "four batches of rows: four tenths of a second"


class Ticks:
    """A progress that counts, and may be stopped at a step."""

    def __init__(self, at=None):
        self.at, self.stages, self.done = at, [], 0.0

    @contextmanager
    def stage(self, name, total=None):
        self.stages.append((name, total))

        def tick(amount):
            self.done += amount
            if self.at is not None and self.done >= self.at:
                raise KeyboardInterrupt

        yield tick


@pytest.mark.parametrize("course", [Course(steps=50), Course(steps=400, patience=1, checks=200)])
def test_progress_reaches_its_total(course):
    progress = Ticks()
    trained(course=course, progress=progress, name="toy")
    assert progress.stages == [("train toy", course.steps)]
    assert progress.done == course.steps


def same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        assert torch.equal(one[name], two[name]), name


@pytest.mark.parametrize("at", [1, 7, 23, 59])
def test_an_interrupted_training_goes_on_to_the_same_weights(tmp_path, at):
    place = tmp_path / "c.pt"
    whole, history = trained(Noisy(), Course(steps=60, batch=32, patience=99))
    with pytest.raises(KeyboardInterrupt):
        trained(Noisy(), Course(steps=60, batch=32, patience=99), checkpoint=Checkpoint(place), progress=Ticks(at))
    assert place.exists()
    progress = Ticks()
    resumed, again = trained(
        Noisy(), Course(steps=60, batch=32, patience=99), checkpoint=Checkpoint(place), progress=progress
    )
    same(whole.state_dict(), resumed.state_dict())
    assert (again.steps, again.scores, again.losses, again.best) == (
        history.steps, history.scores, history.losses, history.best,
    )  # fmt: skip
    assert progress.done == 60
    assert place.exists(), "the file lives as long as the fit, which may go on with another training"


def test_interrupted_twice_it_still_ends_the_same(tmp_path):
    place = tmp_path / "deep" / "er" / "c.pt"
    whole, _ = trained(Noisy())
    for at in (10, 40):
        with pytest.raises(KeyboardInterrupt):
            trained(Noisy(), checkpoint=Checkpoint(place), progress=Ticks(at))
    same(whole.state_dict(), trained(Noisy(), checkpoint=Checkpoint(place))[0].state_dict())


SCRIPT = """
import sys
import torch
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_loop import Noisy, trained
from fidelia.generate.deep.checkpoint import Checkpoint
from fidelia.generate.deep.loop import Course

class Said(Noisy):
    def loss(self, batch, moment):
        if moment.step == 30:
            print("there", flush=True)
        if moment.step >= 30 and sys.argv[3] == "slow":
            import time
            time.sleep(0.05)
        return super().loss(batch, moment)

network, _ = trained(Said(), Course(steps=200, batch=32, patience=99), checkpoint=Checkpoint(Path(sys.argv[2])))
print(repr(network.at.item()))
"""


def test_a_real_interrupt_leaves_a_checkpoint(tmp_path):
    place = tmp_path / "c.pt"
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(place)]
    child = subprocess.Popen([*command, "slow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode != 0
    assert "KeyboardInterrupt" in errors
    state = torch.load(place, weights_only=True)
    assert 30 <= state["network"]["place"]["step"] < 200
    resumed = trained(Noisy(), Course(steps=200, batch=32, patience=99), checkpoint=Checkpoint(place))[0]
    whole = trained(Noisy(), Course(steps=200, batch=32, patience=99))[0]
    same(whole.state_dict(), resumed.state_dict())


def interrupted(place, *, course=None, data=None):
    with pytest.raises(KeyboardInterrupt):
        trained(Noisy(), course, data=data, checkpoint=Checkpoint(place), progress=Ticks(20))


@pytest.mark.parametrize("other", ["rows", "settings", "start", "name"])
def test_the_checkpoint_of_another_training_is_not_used(tmp_path, caplog, other):
    place = tmp_path / "c.pt"
    interrupted(place)
    network = Noisy(5.0 if other == "start" else 2.0)
    more = {"data": rows(200, seed=9)} if other == "rows" else {}
    course = Course(steps=61 if other == "settings" else 60, batch=32)
    name = "else" if other == "name" else "network"
    with caplog.at_level(logging.WARNING):
        found, _ = trained(network, course, checkpoint=Checkpoint(place), name=name, **more)
    assert "belongs to another training" in caplog.text
    assert found.moments[0].step == 0, "it starts anew"


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "text", "pickle", "other"])
def test_a_damaged_checkpoint_is_survived(tmp_path, caplog, damage):
    place = tmp_path / "c.pt"
    interrupted(place)
    whole = place.read_bytes()
    noise = bytearray(whole)
    noise[len(whole) // 3 : len(whole) // 3 + 400] = b"\x55" * 400
    if damage == "other":
        torch.save([1, 2], place)
    else:
        content = {
            "cut": whole[: len(whole) // 2], "noise": bytes(noise), "empty": b"", "text": b"hello",
            "pickle": b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
        }  # fmt: skip
        place.write_bytes(content[damage])
    with caplog.at_level(logging.WARNING):
        found, _ = trained(Noisy(), checkpoint=Checkpoint(place))
    assert "starts anew" in caplog.text
    same(trained(Noisy())[0].state_dict(), found.state_dict())


class Diverging(Line):
    """Its loss is not finite at the `bad` first calls after step 10."""

    def __init__(self, bad):
        super().__init__()
        self.bad, self.rates = bad, []

    def loss(self, batch, moment):
        loss = super().loss(batch, moment)
        if moment.step >= 10 and self.bad:
            self.bad -= 1
            return loss * math.nan
        return loss


def test_a_loss_that_is_not_finite_goes_back_at_half_the_rate(caplog, monkeypatch):
    rates = []
    step = torch.optim.AdamW.step

    def watched(self, *args, **kwargs):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    with caplog.at_level(logging.WARNING):
        network, history = trained(Diverging(2), Course(steps=40, schedule="constant", warm=0.0))
    assert history.retries == 2
    assert rates[1] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.05 / 4)
    assert torch.isfinite(network.at)
    assert caplog.text.count("half as fast") == 2


def test_a_loss_that_is_never_finite_is_an_error():
    with pytest.raises(TrainingError, match="diverged at step 13"):
        trained(Diverging(10**9))


def test_a_gradient_that_is_not_finite_counts_as_divergence():
    class Root(Line):
        def loss(self, batch, moment):
            return (self.at * 0).abs().sqrt() + super().loss(batch, moment) * 0

    with pytest.raises(TrainingError):
        trained(Root())


def test_a_validation_score_that_is_not_finite_goes_back():
    class Blind(Line):
        def score(self, rows):
            self.asked = getattr(self, "asked", 0) + 1
            return math.inf if self.asked == 2 else super().score(rows)

    _, history = trained(Blind(), Course(steps=40, checks=10))
    assert history.retries == 1
    assert all(map(math.isfinite, history.scores))


def test_nothing_global_is_changed():
    torch.manual_seed(5)
    before = (torch.get_rng_state(), torch.get_num_threads(), signal.getsignal(signal.SIGINT), torch.is_grad_enabled())
    trained()
    with pytest.raises(KeyboardInterrupt):
        trained(progress=Ticks(3))
    with pytest.raises(TrainingError):
        trained(Diverging(10**9))
    after = (torch.get_rng_state(), torch.get_num_threads(), signal.getsignal(signal.SIGINT), torch.is_grad_enabled())
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_other_threads_can_train(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        network, _ = pool.submit(trained).result()
    same(network.state_dict(), trained()[0].state_dict())


@pytest.mark.parametrize("half", [True, False, None])
def test_products_in_bfloat16_where_asked_for(half):
    kinds = []

    class Layer(Line):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 1)

        def loss(self, batch, moment):
            kinds.append(self.layer(batch.numbers).dtype)
            return super().loss(batch, moment) + self.layer(batch.numbers).float().square().mean()

    network, history = trained(Layer(), Course(steps=3, half=half))
    assert set(kinds) == {torch.bfloat16 if half else torch.float32}
    assert network.layer.weight.dtype == torch.float32
    assert math.isfinite(history.scores[-1])


def test_several_moves_take_turns():
    class Two(Trainable):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(1, 1), nn.Linear(1, 1)
            self.order = []

        def moves(self):
            one = Move(self.a, lambda batch, _: self.told("a", self.a, batch), times=3)
            return {"a": one, "b": Move(self.b, lambda batch, _: self.told("b", self.b, batch))}

        def told(self, name, layer, batch):
            self.order.append(name)
            return layer(batch.numbers).square().mean()

        def score(self, rows):
            return 0.0

    network, history = trained(Two(), Course(steps=4, checks=4, patience=99))
    assert "".join(network.order) == "aaab" * 4
    assert set(history.losses[0]) == {"a", "b"}


@pytest.mark.parametrize(
    ("schedule", "step", "share", "expected"),
    [
        ("constant", 0, 0.0, 1e-3),
        ("constant", 5, 0.05, 0.5),
        ("constant", 10, 0.1, 1.0),
        ("constant", 100, 1.0, 1.0),
        ("cosine", 50, 0.5, 0.5),
        ("cosine", 25, 0.25, 0.5 * (1 + math.cos(math.pi / 4))),
        ("cosine", 100, 1.0, 0.01),
        ("cosine", 5, 0.05, 0.5 * 0.5 * (1 + math.cos(math.pi * 0.05))),
    ],
)
def test_the_rate_rises_then_follows_a_cosine(schedule, step, share, expected):
    with seeded(Rng(0), CPU):
        course = Course(steps=100, warm=0.1, schedule=schedule)
        training = loop._Training(Line(), rows(), course, Rng(0), "toy", math.inf)
    training.step = step
    assert training._rate(share) == pytest.approx(expected)
    training.slower = 0.25
    assert training._rate(share) == pytest.approx(expected / 4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "tpu", ""])
def test_a_device_that_is_not_here_is_refused(name):
    with pytest.raises(UsageError, match="is not here; there are: auto, cpu"):
        device_of(name)


def test_the_cpu_is_always_here():
    assert device_of("cpu") == CPU
    assert device_of("auto").type in {"cpu", "cuda"}


def test_a_single_row_is_learnt():
    network, history = trained(data=rows(1), course=Course(steps=5))
    assert history.steps[-1] == 5
    assert torch.isfinite(network.at)
