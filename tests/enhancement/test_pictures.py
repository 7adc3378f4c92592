"""Enhancement of pictures: variations that keep what a picture is, and a trial whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import center_of_mass
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fidelia as fd
from fidelia.cli.exits import guarded
from fidelia.data.images.imageset import ImageSet, pictures
from fidelia.enhancement import learning
from fidelia.enhancement.arms import CLASSICAL, REAL, Maker
from fidelia.enhancement.enhance import Asked, plan_of
from fidelia.enhancement.goal import goal_of
from fidelia.enhancement.pictures import GREY, augment, variations, varied
from fidelia.enhancement.sight import sight
from fidelia.errors import SchemaError, UsageError
from fidelia.rng import Rng

pytest.importorskip("torch")


@cache
def digits(count: int = 100) -> ImageSet:
    found = load_digits(n_class=2)
    order = np.random.default_rng(0).permutation(len(found.target))[:count]
    return fd.read_images(found.images[order], span=(0, 16), labels=found.target[order])


def draw() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small CNN learn for a moment."""
    monkeypatch.setattr(learning, "SEES_PICTURES", replace(learning.SEES_PICTURES, ladder=[{"steps": 15}]))


def test_a_picture_of_one_grey_stays_one_but_for_the_noise() -> None:
    flat = np.full((200, 12, 9, 3), 100, np.uint8)
    found = varied(flat, draw(), flips=True).astype(float)
    assert found.mean() == pytest.approx(100, abs=0.2)
    assert found.std() == pytest.approx(GREY, rel=0.05)


def test_a_dot_is_moved_by_a_tenth_of_a_side_at_most() -> None:
    shown = np.zeros((300, 21, 21, 1), np.uint8)
    shown[:, 9:12, 9:12] = 255
    found = varied(shown, draw(), flips=False)[..., 0].astype(float)
    centres = np.array([center_of_mass(np.where(one > 60, one, 0)) for one in found]) - 10
    assert np.abs(centres).max() < 2.1 + 0.4
    assert np.abs(centres.mean(axis=0)).max() < 0.25 and centres.std(axis=0).min() > 0.8


def test_only_flips_mirror() -> None:
    shown = np.zeros((200, 16, 16, 1), np.uint8)
    shown[:, :, :5] = 200
    left = [(varied(shown, draw(), flips=flips)[:, :, :8].mean(axis=(1, 2, 3)) > 50).mean() for flips in (False, True)]
    assert left[0] == 1 and 0.35 < left[1] < 0.65


def test_variations_keep_labels_and_the_table() -> None:
    train = digits().table()
    found = variations(train, 150, Rng(0))
    assert found.schema == train.schema and len(found) == 150
    counts = [np.unique(one["label"].to_pylist(), return_counts=True)[1] for one in (found, train)]
    assert np.abs(counts[0] / 1.5 - counts[1]).max() < 20
    assert (pictures(variations(train, 150, Rng(0))) == pictures(found)).all()
    assert len(variations(train, 0, Rng(0))) == 0


def test_learners_see_pixels_or_features_in_the_spread_of_train() -> None:
    train = digits().table()
    eyes = sight(train, "label")
    assert (eyes.see("pixels", train) == digits().pixels).all()
    seen = eyes.see("points", train)
    assert seen.shape == (100, 352)
    assert np.abs(seen.mean(axis=0)).max() < 1e-6 and eyes.categorical == []


def test_the_plan_of_pictures_has_classical_arms_and_no_columns() -> None:
    table = digits().table()
    goal, _ = goal_of(table)
    assert goal.metric == "accuracy"
    assert goal.score(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1])) == pytest.approx(2 / 3)
    plan = plan_of(Asked(generator="image-vae"), goal, goal.strata(table))
    assert [arm.name for arm in plan.arms] == [arm.name for arm in augment((1.0, 4.0), flips=False)]
    assert plan.arms[0].name == REAL and {"small CNN", "linear"} == {learner.name for learner in plan.learners}
    assert not plan.chosen
    assert "mirrored" in next(arm for arm in augment((1.0,), flips=True) if arm.name == CLASSICAL).summary


class Noise:
    """A generator that has learnt the shares of labels, and of pictures nothing."""

    def sample(self, n, *, given=None, rng, progress=None, first=0):
        train = digits().table()
        drawn = train.take(rng.child("rows").generator().integers(len(train), size=n))
        pixels = rng.child("pixels").generator().integers(0, 256, (n, 8, 8, 1), dtype=np.uint8)
        return ImageSet(pixels, ImageSet.of(drawn).labels).table()


def test_pictures_of_no_content_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maker, "fit", lambda *_: Noise())
    found = fd.enhance(digits(), ratios=[1.0], repeats=1, learners=["linear"], tuned=False)
    lines = {(line.learner, line.arm): line for line in found.enhanced.lines}
    assert lines["linear", "synthetic"].score < 0.8 < 0.95 < lines["linear", "synthetic"].base
    assert lines["linear", "synthetic"].answer == "hurts"
    assert found.document["verdict"]["level"] != "gain"
    assert {(line.arm, line.against) for line in found.enhanced.pairs} == {
        ("real + synthetic x 1", "classical"), ("classical + synthetic x 1", "classical"),
    }  # fmt: skip
    assert "pictures" in str(found) and " rows" not in str(found)
    page = found.to_html()
    assert "linear" in page and "<title>Do synthetic pictures help?" in page


def test_the_command_answers_for_a_folder(brief: None, tmp_path, capsys) -> None:
    digits(60).write(tmp_path / "real")
    command = ["enhance", str(tmp_path / "real"), "--out", str(tmp_path / "out"), "--repeats", "1", "--ratio", "1"]
    settings = ["--set", "steps=2", "--set", "width=4", "--set", "latent=2", "--learner", "small CNN"]
    assert guarded([*command, *settings, "--flips"]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.json", "report.html"}
    assert "real pictures" in capsys.readouterr().err


def test_what_does_not_fit_pictures_is_refused() -> None:
    with pytest.raises(SchemaError, match="no labels to tell"):
        fd.enhance(digits().without_labels())
    with pytest.raises(UsageError, match="'rebalance' is asked of rows"):
        fd.enhance(digits(), what="rebalance")
    with pytest.raises(UsageError, match="a pipeline learns columns"):
        fd.enhance(digits(), learners={"mine": make_pipeline(StandardScaler(), learning.linear("binary"))})
    with pytest.raises(UsageError, match=r"no learner 'small CN'.*small CNN"):
        fd.enhance(digits(), learners=["small CN"])
    with pytest.raises(UsageError, match="no learner 'small CNN'"):
        learning.learners(["small CNN"], task="binary")
