"""Scores of pictures: features that rank real above blurred above noise, distances with known answers, memorisation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import ortho_group, spearmanr
from sklearn.datasets import load_digits

from fidelia.data.images.imageset import ImageSet
from fidelia.data.images.read import read_images
from fidelia.errors import EmbeddingMismatch, NotApplicable, UsageError
from fidelia.measure.case import Case
from fidelia.measure.catalog import find, measure
from fidelia.measure.images.entries import DEFAULT, ENTRIES
from fidelia.measure.images.extractor import Called, Extracted
from fidelia.measure.images.patches import pyramid
from fidelia.measure.images.random_convolutions import RandomConvolutions
from fidelia.measure.images.scores import diversity, nearest_pairs
from fidelia.measure.joint.kernels import Cubic, discrepancy
from fidelia.measure.joint.transport import frechet, intercept
from fidelia.measure.result import comparable
from fidelia.measure.space.choose import with_embedding
from fidelia.rng import Rng
from fidelia.testing.metrics import picture_rows


@cache
def digits():
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    return read_images(found.images, span=(0, 16), labels=found.target).take(order)


def parts(n=400):
    return [digits().take(np.arange(i * n, (i + 1) * n)) for i in range(3)]


def case_of(train, synthetic, holdout):
    return with_embedding(Case(train.table(), synthetic.table(), holdout.table(), Rng(0)), None)


@cache
def cases():
    """Real pictures, blurred ones, noisy ones and noise in the place of synthetic ones."""
    train, holdout, fresh = parts()
    r = np.random.default_rng(1)
    noisy = np.clip(fresh.pixels + r.normal(0, 50, fresh.pixels.shape), 0, 255).astype(np.uint8)
    made = {
        "real": fresh.pixels,
        "blur": gaussian_filter(fresh.pixels, (0, 0.7, 0.7, 0)),
        "noisy": noisy,
        "noise": r.integers(0, 256, fresh.pixels.shape, dtype=np.uint8),
    }
    return {name: case_of(train, replace(fresh, pixels=pixels), holdout) for name, pixels in made.items()}


def value(code, case):
    return find(code)(case).value


@pytest.mark.parametrize("code", ["IMG01", "IMG03", "IMG06"])
def test_real_is_nearer_than_blur_and_blur_nearer_than_noise(code):
    found = {name: value(code, case) for name, case in cases().items()}
    reference = find(code)(cases()["real"]).reference
    assert found["real"] <= reference.value + 4 * reference.sd
    assert found["real"] < found["blur"] < found["noise"]
    assert found["real"] < found["noisy"] < found["noise"]
    assert found["blur"] > reference.value + 5 * reference.sd


def test_alpha_precision_and_beta_recall_rank_them_too():
    for code in ("FID16", "DIV01"):
        found = {name: value(code, case) for name, case in cases().items()}
        assert found["real"] > 0.9
        assert found["blur"] < 0.2
        assert found["noise"] < 0.05


def test_a_class_that_is_dropped_is_found_by_diversity_and_named():
    """0s in the place of 1s to 4s: beta-recall falls, alpha-precision stays; the worst class is a dropped one."""
    train, holdout, fresh = parts(590)
    label = np.array(fresh.labels)
    zero = np.flatnonzero(label == "0")
    rows = np.where(np.isin(label, list("1234")), np.resize(zero, len(label)), np.arange(len(label)))
    case = case_of(train, ImageSet(fresh.pixels[rows], fresh.labels), holdout)
    whole = case_of(train, fresh, holdout)
    assert value("DIV01", case) < value("DIV01", whole) - 0.2
    worst = find("IMG09")(case)
    assert worst.breakdown["worst"] in {f"label = {digit}" for digit in "1234"}
    assert worst.value < worst.reference.value - 4 * worst.reference.sd
    lines = {line["name"]: line for line in worst.breakdown["lines"]}
    assert lines["label = 7"]["value"] > worst.value + 0.2


def test_beta_recall_falls_with_every_step_of_mode_dropping():
    train, holdout, fresh = parts(590)
    label, r = np.array(fresh.labels), np.random.default_rng(0)
    zero, chance = np.flatnonzero(label == "0"), r.random(len(label))
    shares, found = np.linspace(0, 1, 6), []
    for share in shares:
        dropped = (label != "0") & (chance < share)
        rows = np.where(dropped, np.resize(zero, len(label)), np.arange(len(label)))
        found.append(value("DIV01", case_of(train, fresh.take(rows), holdout)))
    assert spearmanr(shares, found).statistic <= -0.95


def test_the_published_programs_decline_pictures():
    codes = ["FID18", "FID19", "DIV03", "DIV04", "AUT12"]
    results, declined = measure(cases()["real"], codes)
    assert not results
    assert [one.code for one in declined] == codes
    assert all("these are pictures" in one.reason for one in declined)


def test_copies_are_found_with_their_originals():
    train, holdout, fresh = parts()
    pixels = fresh.pixels.copy()
    pixels[:60] = np.clip(
        train.pixels[100:160].astype(int) + np.random.default_rng(0).integers(-2, 3, pixels[:60].shape), 0, 255
    )
    case = case_of(train, replace(fresh, pixels=pixels), holdout)
    found = find("IMG10")(case)
    assert found.value >= 0.15
    assert found.interval[0] > found.reference.value + 3 * found.reference.sd
    pairs = nearest_pairs(found, 50)
    assert len(pairs) == 50
    assert all(train_row == made + 100 for made, train_row, _, _ in pairs)
    assert [ratio for *_, ratio in pairs] == sorted(ratio for *_, ratio in pairs)
    clean = find("IMG10")(cases()["real"])
    assert clean.interval[0] <= clean.reference.value


def test_identical_pictures_are_identical_rows():
    train, holdout, _ = parts()
    found = find("AUT05")(case_of(train, train, holdout))
    assert (found.value, found.reference.value) == (1.0, 0.0)


def test_frechet_of_known_gaussians():
    """Where covariances commute it is the squared distance of the means and of the covariances' roots."""
    r = np.random.default_rng(0)
    axes = ortho_group.rvs(6, random_state=r)
    rows = r.normal(size=(4000, 6))
    rows = (rows - rows.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False)).T)
    first, second = np.array([1, 2, 3, 4, 5, 6.0]), np.array([2, 2, 1, 4, 4, 9.0])
    shift = np.arange(6.0)
    expected = shift @ shift + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    a, b = (rows * np.sqrt(first)) @ axes, (rows * np.sqrt(second) + shift) @ axes
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_fewer_rows_than_features_is_the_same():
    """Features that repeat k times scale the distance by k, whichever way it is computed."""
    r = np.random.default_rng(0)
    a, b = r.normal(size=(30, 6)), 2 * r.normal(size=(25, 6)) + 1
    assert frechet(np.tile(a, 8), np.tile(b, 8)) == pytest.approx(8 * frechet(a, b), rel=1e-6)


def test_the_intercept_has_no_bias_where_the_distance_has():
    r = np.random.default_rng(0)
    found = [(frechet(a, b), intercept(a, b)) for a, b in r.normal(size=(12, 2, 800, 16))]
    biased, free = np.mean(found, axis=0)
    noise = np.std(found, axis=0)[1] / np.sqrt(len(found))
    assert biased > 0.15
    assert abs(free) < max(4 * noise, 0.05)


def test_kernel_distance_is_its_definition():
    r = np.random.default_rng(0)
    a, b = r.normal(size=(30, 5)), r.normal(size=(20, 5)) + 0.3
    pool = np.concatenate([a, b])
    kernel = (pool @ pool.T / 5 + 1) ** 3
    xx, yy, xy = kernel[:30, :30], kernel[30:, 30:], kernel[:30, 30:]
    expected = (xx.sum() - np.trace(xx)) / (30 * 29) + (yy.sum() - np.trace(yy)) / (20 * 19) - 2 * xy.mean()
    rows = (np.arange(30), np.arange(30, 50))
    assert discrepancy(Cubic(pool), 50, [rows])[0] == pytest.approx(expected, rel=1e-5)


def test_inception_score_of_known_probabilities():
    assert diversity(np.full((200, 5), 0.2)) == pytest.approx(1)
    assert diversity(np.tile(np.eye(5)[0], (200, 1))) == pytest.approx(1)
    assert diversity(np.tile(np.eye(5), (100, 1))) == pytest.approx(5)


def test_inception_score_falls_when_classes_go_missing():
    train, holdout, fresh = parts()
    few = fresh.take(np.resize(np.flatnonzero(np.isin(np.array(fresh.labels), ["0", "1"])), len(fresh)))
    assert value("IMG04", case_of(train, few, holdout)) < 3 < value("IMG04", case_of(train, fresh, holdout))


def test_bands_of_the_pyramid_add_up_to_the_picture():
    from fidelia.data.images.resize import resampled

    shown = np.random.default_rng(0).random((3, 28, 20, 1)).astype(np.float32)
    bands = pyramid(shown)
    total = bands[-1]
    for band in bands[-2::-1]:
        total = band + resampled(total, band.shape[1:3])
    assert total == pytest.approx(shown, abs=1e-5)


def test_random_features_depend_on_seed_and_picture_alone():
    pixels = digits().pixels[:20]
    first, again = RandomConvolutions(0), RandomConvolutions(0)
    assert first.hash == again.hash != RandomConvolutions(1).hash
    whole = first.extract(pixels)
    assert np.array_equal(whole, again.extract(pixels))
    assert whole[3:5] == pytest.approx(first.extract(pixels[3:5]), abs=1e-5)
    assert not np.allclose(whole, RandomConvolutions(1).extract(pixels))
    for shape in ((2, 1, 1, 3), (2, 28, 28, 3), (2, 100, 40, 1)):
        assert first.extract(np.zeros(shape, np.uint8)).shape == (2, 352)


def test_scores_of_different_extractors_refuse_comparison():
    case = cases()["real"]
    other = with_embedding(case, RandomConvolutions(1))
    first, second = find("IMG01")(case), find("IMG01")(other)
    assert first.embedding == RandomConvolutions(0).hash
    with pytest.raises(EmbeddingMismatch):
        comparable(first, second)
    comparable(first, find("IMG01")(cases()["blur"]))


def test_your_function_is_an_extractor():
    def means(batch):
        return batch.reshape(len(batch), -1).mean(axis=1, keepdims=True)

    case = with_embedding(cases()["real"], means)
    assert (case.embedded.name, case.embedded.width) == ("means", 1)
    assert np.allclose(case.embedded.train[:, 0], digits().pixels[:400].mean(axis=(1, 2, 3)))
    assert Called.of(means, (8, 8, 1)).hash == case.embedded.hash


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda batch: batch[:1].reshape(1, -1), "one row per table row"),
        (lambda batch: np.full((len(batch), 2), np.nan), "distances need numbers"),
        (lambda batch: batch.reshape(len(batch), -1) / (1 + batch.sum()), "other features beside other pictures"),
    ],
)
def test_functions_that_are_no_extractors(function, said):
    with pytest.raises(UsageError, match=said):
        with_embedding(cases()["real"], function)


def test_features_computed_elsewhere_serve():
    case = cases()["real"]
    sides = {side: getattr(case, side) for side in ("train", "synthetic", "holdout")}
    features = {side: RandomConvolutions().extract(ImageSet.of(t).pixels) for side, t in sides.items()}
    other = with_embedding(case, features)
    assert other.embedded.name == "features"
    assert value("FID16", other) == pytest.approx(value("FID16", case))


def test_features_are_taken_once_and_go_with_the_rows():
    calls = []

    class Counting(RandomConvolutions):
        __slots__ = ()

        def extract(self, batch):
            calls.append(len(batch))
            return super().extract(batch)

    case = with_embedding(replace(cases()["real"], holdout=None), Counting())
    measure(case, ["FID16", "IMG01", "AUT01"])
    assert sum(calls) == 801  # each picture once, and one to see how wide they are


def test_names_and_files_that_are_no_extractors():
    with pytest.raises(UsageError, match="no extractor and no file 'inception'"):
        with_embedding(cases()["real"], "inception")
    with pytest.raises(UsageError, match="no extractor 3"):
        with_embedding(cases()["real"], 3)


def test_all_that_is_measured_by_default_is_measured():
    results, declined = measure(cases()["real"])
    assert {r.code for r in results} == set(DEFAULT)
    assert declined == []
    hashes = {r.embedding for r in results if r.embedding}
    assert hashes == {RandomConvolutions().hash}


def test_without_labels_what_needs_them_declines():
    plain = [side.without_labels() for side in parts()]
    _, declined = measure(case_of(*plain), ["IMG04", "IMG09", "IMG01"])
    assert [each.code for each in declined] == ["IMG04", "IMG09"]
    assert all("NEEDS_TARGET" in each.reason for each in declined)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_tables_without_pictures_decline(entry):
    from fidelia.testing.metrics import real_rows

    with pytest.raises(NotApplicable, match="NEEDS_PICTURES"):
        entry(Case(real_rows(40, 1), real_rows(40, 2), real_rows(40, 3), Rng(0)))


@pytest.mark.slow
def test_no_metric_of_the_catalog_fails_on_pictures():
    case = Case(picture_rows(60, 1), picture_rows(60, 2), picture_rows(60, 3), Rng(0))
    results, declined = measure(case, ["all"])
    assert {r.code for r in results} >= set(DEFAULT) - {"IMG09"}
    assert all(each.reason for each in declined)


def test_pictures_that_trained_an_extractor_are_not_searched():
    case = cases()["real"]
    fitted = np.arange(0, 400, 2)
    embedding = Extracted.by(RandomConvolutions(), case.train, fitted)
    searched = replace(case, embedding=embedding).embedded
    assert np.array_equal(searched.rows["train"], np.arange(1, 400, 2))
    assert len(embedding.calibration(case.train.take(np.arange(50)))) == 50
