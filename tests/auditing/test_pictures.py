"""The audit of pictures: a perfect generator keeps its pictures, planted copies and strangers are found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import digits, planted

import fidelia as fd
from fidelia.auditing.audit import audit
from fidelia.auditing.audited import Audited
from fidelia.data.images.imageset import ImageSet
from fidelia.workflow.pictures import picture_case

SEEDS = tuple(range(6))


def audited(train: ImageSet, made: ImageSet, fresh: ImageSet | None, seed: int = 0, **how: object) -> Audited:
    return audit(picture_case(train, made, fresh, seed=seed, embedding=how.pop("embedding", None))[0], **how)


def found(result: Audited, bad: np.ndarray) -> tuple[float, float]:
    """Return the share of the faults that are flagged, and the share of the flags that are wrong."""
    flagged = ~result.accepted
    return float(flagged[bad].mean()), float(flagged[~bad].sum() / max(flagged.sum(), 1))


def sides(kind: str, seed: int) -> list[ImageSet]:
    """Return digits of 8 x 8 pixels, and of 16 x 16 where they are to be moved: of 8, a pixel is an eighth."""
    return [shown.resized(16) if kind == "moved" else shown for shown in digits(seed)]


def test_a_perfect_generator_keeps_its_pictures() -> None:
    result = audited(*digits(0))
    assert result.accepted.mean() >= 0.98
    assert all(rows.covered.mean() >= 0.98 for rows in result.real.values())


@pytest.mark.parametrize("kind", ["copies", "moved", "darker", "noise"])
def test_planted_faults_are_found(kind: str) -> None:
    train, made, fresh = sides(kind, 0)
    spoilt, bad = planted(kind, train, made, 0)
    result = audited(train, spoilt, fresh)
    power, wrong = found(result, bad)
    assert power >= 0.95
    assert wrong <= 0.15
    assert not result.causes and not result.matched


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nothing", "copies", "moved", "darker", "inverted", "noise"])
def test_planted_faults_are_found_over_seeds(kind: str) -> None:
    shares = []
    for seed in SEEDS:
        train, made, fresh = sides(kind, seed)
        spoilt, bad = planted(kind, train, made, seed) if kind != "nothing" else (made, np.ones(len(made), bool))
        shares.append(found(audited(train, spoilt, fresh, seed), bad))
    power, wrong = np.mean(shares, axis=0)
    assert power <= 0.02 if kind == "nothing" else power >= 0.95
    assert wrong <= 0.12


@pytest.fixture(scope="module")
def copies() -> tuple[Audited, np.ndarray]:
    train, made, fresh = digits(0)
    spoilt, bad = planted("copies", train, made, 0, noise=0.0)
    return audited(train, spoilt, fresh), bad


def test_each_picture_gets_the_scores_of_a_row(copies: tuple[Audited, np.ndarray]) -> None:
    names = set(copies[0].to_arrow(edition="internal").column_names)
    assert names >= {
        *("verdict", "reasons", "alpha_score", "p_unrealistic", "q_unrealistic", "auth_ratio", "p_copy", "q_copy"),
        *(
            "copy_of",
            "nn_real_id",
            "nn_dist",
            "nn_holdout_dist",
            "local_density_ratio",
            "c2st_propensity",
            "weight",
            "subgroup",
        ),
    }


def test_nothing_is_said_of_columns(copies: tuple[Audited, np.ndarray]) -> None:
    result, bad = copies
    assert not result.causes and not result.matched
    assert {reason for of in result.reasons for reason in of} <= {"COPY", "NEAR_COPY", "DETECTABLE"}
    assert not result.shareable[bad].any()


def test_a_copy_is_one_of_its_source(copies: tuple[Audited, np.ndarray]) -> None:
    result, bad = copies
    train = digits(0)[0]
    spoilt = planted("copies", train, digits(0)[1], 0, noise=0.0)[0]
    assert np.array_equal(train.pixels[result.scores["nn_real_id"][bad]], spoilt.pixels[bad])
    assert np.array_equal(train.pixels[result.scores["copy_of"][bad]], spoilt.pixels[bad])


def test_a_moved_copy_is_shown_beside_its_source() -> None:
    train, made, fresh = (shown.resized(16) for shown in digits(0))
    copies = len(made) // 10
    moved = np.roll(train.pixels[:copies], 1, axis=2)
    result = audited(train, replace(made, pixels=np.concatenate([moved, made.pixels[copies:]])), fresh)
    flagged = [i for i in range(copies) if "NEAR_COPY" in result.reasons[i]]
    assert len(flagged) >= 0.8 * copies
    assert np.mean(result.counterparts()[flagged] == flagged) >= 0.98


def test_weights_bring_back_the_shares_of_classes() -> None:
    train, made, fresh = digits(1)
    labels = np.array(made.labels)
    extra = made.take(np.r_[np.arange(len(made)), np.repeat(np.flatnonzero(labels == "3"), 4)])
    shaken = np.clip(extra.pixels + np.random.default_rng(0).normal(0, 4, extra.pixels.shape), 0, 255)
    result = audited(train, replace(extra, pixels=shaken.astype(np.uint8)), fresh)
    threes = np.array(extra.labels) == "3"
    assert result.scores["weight"][threes].mean() < 0.5 * result.scores["weight"][~threes].mean()


def test_a_class_that_is_not_drawn_is_named() -> None:
    train, made, fresh = digits(2)
    kept = made.take([i for i, label in enumerate(made.labels or ()) if label not in ("0", "6")])
    result = audited(train, kept, fresh)
    groups = np.char.add(result.real["train"].subgroup, "")
    lost = ~result.real["train"].covered
    assert lost[np.isin(groups, ["label=0", "label=6"])].mean() > 0.8
    assert lost[~np.isin(groups, ["label=0", "label=6"])].mean() < 0.05
    assert any("label=0" in line["sentence"] or "label=6" in line["sentence"] for line in result.lacking)
    assert all(line["columns"] == ["label"] for line in result.lacking)


def test_pictures_without_labels_holdout_or_variety() -> None:
    train, made, fresh = digits(3, 250)
    plain = [each.without_labels() for each in (train, made, fresh)]
    assert audited(*plain).accepted.mean() >= 0.98
    alone = audited(plain[0], plain[0], None)
    assert set(alone.verdict) == {"review"}
    assert "p_copy" not in alone.scores
    one = [each.take([i for i, label in enumerate(each.labels or ()) if label == "1"]) for each in (train, made, fresh)]
    assert audited(*one).accepted.mean() >= 0.95
    white = [replace(each, pixels=np.full_like(each.pixels, 255)) for each in one]
    assert len(audited(*white)) == len(white[1])


def test_colour() -> None:
    tint = np.array([1, 2, 3], dtype=np.uint8)
    tinted = [replace(each, pixels=each.pixels // tint) for each in digits(4, 200)]
    assert tinted[0].shape == (8, 8, 3)
    assert audited(*tinted).accepted.mean() >= 0.98


def test_against_the_holdout_alone_no_training_picture_is_read() -> None:
    _, made, fresh = digits(5, 400)
    spoilt, bad = planted("noise", fresh, made, 5)
    outcome = fd.audit(None, spoilt, holdout=fresh, reference="holdout")
    result = outcome.audit
    assert result is not None and "nn_real_id" not in result.scores
    assert found(result, bad)[0] >= 0.95
    assert len(result.real["holdout"]) == len(fresh)


@pytest.mark.slow
def test_copies_of_pictures_that_trained_the_extractor_are_found() -> None:
    pytest.importorskip("torch")
    train, made, fresh = digits(6)
    spoilt, bad = planted("copies", train, made, 6, noise=0.0)
    result = audited(train, spoilt, fresh, embedding="cnn")
    power, wrong = found(result, bad)
    assert power >= 0.95
    assert wrong <= 0.2
    assert np.array_equal(train.pixels[result.scores["nn_real_id"][bad]], spoilt.pixels[bad])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nothing", "copies", "moved", "darker", "inverted", "noise", "blends"])
def test_planted_faults_are_found_among_larger_digits(shared_data, kind: str) -> None:
    real = fd.read_images(shared_data("mnist_test10k"))
    fake = fd.read_images(shared_data("mnist_5k"))
    order = np.random.default_rng(0).permutation(len(real))
    train, fresh = real.take(order[:4_000]), real.take(order[4_000:8_000])
    made = fake.take(np.random.default_rng(1).permutation(len(fake))[:4_000])
    spoilt, bad = planted(kind, train, made, 0, noise=8.0) if kind != "nothing" else (made, np.zeros(len(made), bool))
    result = audited(train, spoilt, fresh)
    if kind == "nothing":
        assert result.accepted.mean() >= 0.98
    else:
        power, wrong = found(result, bad)
        assert power >= (0.85 if kind == "blends" else 0.95)  # blends are told by classifiers alone
        assert wrong <= 0.12
