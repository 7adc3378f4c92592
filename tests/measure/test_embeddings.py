"""Spaces of distances: the one-class network, functions, features given, and scores that refuse comparison."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tables import case, mixed, points

from fidelia.auditing.audit import audit
from fidelia.errors import EmbeddingMismatch, MissingExtra, NotApplicable, UsageError
from fidelia.measure.catalog import find, measure
from fidelia.measure.result import Result, comparable
from fidelia.measure.space.choose import embedding, with_embedding
from fidelia.measure.space.embed import by_columns
from fidelia.measure.space.one_class import OneClass, soft_boundary
from fidelia.measure.space.tabular import Tabular
from fidelia.measure.statistics.bridge import null_gap
from fidelia.rng import Rng

torch = pytest.importorskip("torch")
QUICK = OneClass(epochs=20, width=64)
CODES = ("FID16", "FID17", "DIV01", "AUT01")


def normal(n, d, seed):
    return np.random.default_rng(seed).normal(size=(n, d))


def gaussians(d, n=1000, synthetic=None):
    made = normal(n, d, 2) if synthetic is None else synthetic
    return case(points(normal(n, d, 1)), points(made), points(normal(n, d, 3)))


def gradient(radius2, nu):
    outputs = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.1, 0.1]], requires_grad=True)
    loss = soft_boundary((outputs**2).sum(dim=1), torch.tensor(radius2), nu)
    loss.backward()
    return float(loss.detach()), outputs.grad.numpy()


def test_radius_and_nu_change_loss_and_gradient():
    """B4: the published programs overwrite the loss by the plain distance, so that neither plays a part."""
    loss, slope = gradient(0.5, 0.1)
    assert loss == pytest.approx(0.5 + (0.5 + 4.5) / 3 / 0.1)
    for other in (gradient(2.0, 0.1), gradient(0.5, 0.3)):
        assert other[0] != loss and not np.allclose(other[1], slope)
    assert np.all(slope[2] == 0), "a row within the ball pulls at nothing"


def test_the_loss_is_least_in_the_radius_where_a_share_nu_lies_outside():
    squared = torch.tensor(normal(1000, 3, 0) ** 2).sum(dim=1)
    grid = torch.linspace(0.1, 12, 500)
    least = grid[int(torch.tensor([float(soft_boundary(squared, r, 0.1)) for r in grid]).argmin())]
    assert float((squared > least).double().mean()) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("nu", [0.05, 0.3])
def test_a_share_nu_of_the_rows_lies_outside(nu):
    made = gaussians(8)
    space = replace(QUICK, nu=nu).fit(made.train, Rng(0))
    squared = ((space.transform(made.train)[space.fitted] - space.centre) ** 2).sum(axis=1)
    assert np.mean(squared > space.radius**2) == pytest.approx(nu, abs=0.06)


def test_the_network_never_collapses():
    """One-hot coordinates of a column add up to a constant, by which a network without biases could still collapse."""
    for made in (case(mixed(800, 1), mixed(400, 2), None), gaussians(16)):
        space = OneClass(epochs=60).fit(made.train, Rng(0))
        out = space.transform(made.train)
        apart = np.linalg.norm(out[::2][:300] - out[1::2][:300], axis=1)
        assert np.median(apart) > 0.3 * space.radius and len(np.unique(out.round(6), axis=0)) > 0.9 * len(out)


def test_same_seed_same_bytes_and_nothing_global_moves():
    made, state, threads = gaussians(8), torch.random.get_rng_state(), torch.get_num_threads()
    a, b, c = (QUICK.fit(made.train, Rng(seed)) for seed in (0, 0, 1))
    assert all(x.tobytes() == y.tobytes() for x, y in zip(a.weights, b.weights, strict=True))
    assert a.hash == b.hash != c.hash and a.hash != replace(QUICK, nu=0.2).fit(made.train, Rng(0)).hash
    assert np.array_equal(a.transform(made.synthetic), b.transform(made.synthetic))
    assert torch.equal(state, torch.random.get_rng_state()) and threads == torch.get_num_threads()


def test_split_calibration():
    """B5: fresh rows get the null's score, also in 64 dimensions, and copies of train do not beat fresh real rows."""
    fresh = gaussians(64, n=1500)
    fresh = replace(fresh, embedding=OneClass().fit(fresh.train, Rng(0)))
    copies = replace(fresh, synthetic=fresh.train)
    low = 1 - sum(null_gap(750, 1500)) - 4 * null_gap(750, 1500)[1]
    for code in ("FID16", "FID17", "DIV01"):
        result = find(code)(fresh)
        assert result.value > low and result.reference.value > low, code
        assert any(caveat.code == "SPLIT_CALIBRATED" for caveat in result.caveats)
    for code in ("FID16", "FID17", "AUT01"):
        result = find(code)(copies)
        assert result.value < result.reference.value, code


def test_without_the_split_a_perfect_generator_would_fail():
    made = gaussians(64, n=1500)
    space = OneClass().fit(made.train, Rng(0))
    other = case(points(normal(1500, 64, 1)), points(normal(1500, 64, 2)), points(normal(1500, 64, 3)))
    leaking = replace(space, train=other.train.arrow.slice(1))  # the space no longer knows its rows
    assert find("FID16")(replace(made, embedding=leaking)).value < 0.92
    assert find("FID16")(replace(other, embedding=space)).value > 0.9, "equal rows read again are known"


def test_rows_that_trained_it_are_neither_searched_nor_scored():
    made = gaussians(8, n=300)
    made = replace(made, embedding=QUICK.fit(made.train, Rng(0)))
    known = made.embedding.fitted
    assert len(known) == 150 and not np.isin(made.embedded.rows["train"], known).any()
    beta = find("DIV01")(made).rows["train.beta"]
    assert np.isnan(beta[known]).all() and np.isfinite(np.delete(beta, known)).all()
    halves = replace(made, holdout=None).contrast
    assert len(halves.case.train) + len(halves.case.holdout) == 150


def test_the_audit_names_columns_in_any_embedding():
    frame = mixed(300, 2)
    frame.loc[:4, "x"] = 40.0
    made = case(mixed(600, 1), frame, mixed(300, 3))
    audited = audit(replace(made, embedding=QUICK.fit(made.train, Rng(0))))
    assert len(audited) == 300
    assert isinstance(by_columns(replace(made, embedding=QUICK.fit(made.train, Rng(0)))), Tabular)


def test_all_metrics_take_any_embedding():
    made = case(mixed(200, 1), mixed(100, 2), mixed(100, 3), target="label")
    chosen = with_embedding(made, lambda frame: frame[["x", "y"]].to_numpy())
    results, declined = measure(chosen, CODES)
    assert len(results) == len(CODES) and not declined
    assert {result.embedding for result in results} == {chosen.embedding.hash}


def test_missing_torch_says_what_to_install():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from fidelia.errors import MissingExtra\n"
        "from fidelia.measure.space.one_class import OneClass\n"
        "try: OneClass().fit(None, None)\n"
        "except MissingExtra as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(MissingExtra("the one-class embedding", "deep")) and "fidelia[deep]" in said


def test_wrong_settings_are_refused():
    for name, value in (("nu", 0.0), ("nu", 1.5), ("dimensions", 0), ("share", 1.0)):
        with pytest.raises(UsageError, match=name):
            OneClass(**{name: value})
    few = case(mixed(30, 1), mixed(30, 2), None)
    with pytest.raises(NotApplicable, match="TOO_FEW_ROWS"):
        with_embedding(few, "one-class")


def test_a_function_of_the_users_own_frame():
    made = case(mixed(120, 1), mixed(80, 2), mixed(60, 3))
    seen = []

    def two(frame):
        seen.append(type(frame))
        return frame[["x", "y"]]

    chosen = with_embedding(made, two)
    assert seen and set(seen) == {pd.DataFrame} and chosen.embedding.name == "two"
    assert np.array_equal(chosen.embedded.train, mixed(120, 1)[["x", "y"]].to_numpy())
    assert chosen.embedding.hash == with_embedding(made, two).embedding.hash
    assert chosen.embedding.hash != with_embedding(made, lambda frame: 2 * frame[["x", "y"]]).embedding.hash


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda frame: frame["x"].to_numpy(), r"shape \(120,\)"),
        (lambda frame: frame[["x"]].to_numpy()[1:], r"shape \(119, 1\)"),
        (lambda frame: frame[["x", "group"]], "not made of numbers"),
        (lambda frame: frame[["x", "count"]], "nan in row"),
        (lambda frame: frame[["x"]] - frame["x"].mean(), "when they stand alone"),
    ],
)
def test_functions_that_cannot_be_used(function, said):
    with pytest.raises(UsageError, match=said):
        with_embedding(case(mixed(120, 1), mixed(80, 2), None), function)


def test_a_function_that_changes_its_width():
    made = case(mixed(120, 1), mixed(80, 2), None)
    chosen = with_embedding(made, lambda frame: np.zeros((len(frame), 3 if len(frame) == 80 else 2)))
    with pytest.raises(UsageError, match="3 columns, but 2 for train"):
        chosen.embedded


def given_features(n, m, h):
    return {"train": normal(n, 3, 5), "synthetic": normal(m, 3, 6), "holdout": normal(h, 3, 7)}


def test_features_follow_their_rows(tmp_path):
    made, features = case(mixed(120, 1), mixed(80, 2), mixed(60, 3)), given_features(120, 80, 60)
    chosen = with_embedding(made, features)
    for side, rows in features.items():
        assert np.array_equal(chosen.embedded.side(side), rows)
    r = np.random.default_rng(0)
    order = r.permutation(120)
    turned = replace(chosen, train=chosen.train.take(order))
    assert np.array_equal(turned.embedded.train, features["train"][order])
    np.save(tmp_path / "train.npy", features["train"])
    pd.DataFrame(features["synthetic"], columns=["a", "b", "c"]).to_parquet(tmp_path / "synthetic.parquet")
    files = features | {"train": tmp_path / "train.npy", "synthetic": str(tmp_path / "synthetic.parquet")}
    again = with_embedding(made, files)
    assert again.embedding.hash == chosen.embedding.hash
    assert np.array_equal(again.embedded.synthetic, features["synthetic"])


def test_features_follow_the_halves_of_train_and_subsamples(monkeypatch):
    features = given_features(120, 80, 60)
    features.pop("holdout")
    chosen = with_embedding(case(mixed(120, 1), mixed(80, 2), None), features)
    side = chosen.contrast.case
    both = np.vstack([side.embedded.train, side.embedded.side("holdout")])
    assert np.array_equal(np.sort(both, axis=0), np.sort(features["train"], axis=0))
    rows = {tuple(line) for line in features["train"]}
    assert all(tuple(line) in rows for line in both)
    monkeypatch.setattr("fidelia.measure.space.embed.most_rows", lambda width: 30)
    few = replace(chosen).embedded
    assert np.array_equal(few.train, features["train"][few.rows["train"]]) and len(few.train) == 30


def test_features_for_other_rows_are_declined():
    chosen = with_embedding(case(mixed(120, 1), mixed(80, 2), mixed(60, 3)), given_features(120, 80, 60))
    other = case(mixed(120, 1), mixed(80, 4), None).synthetic
    with pytest.raises(NotApplicable, match="NEEDS_FEATURES"):
        replace(chosen, synthetic=other).embedded


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": normal(119, 3, 0)}, "features of train"),
        ({"synthetic": normal(80, 2, 0)}, "2 columns, but 3"),
        ({"holdout": np.full((60, 3), np.inf)}, "inf in row 0"),
        ({"train": "nowhere.npy"}, "no file"),
        ({"train": "features.csv"}, "give a .npy"),
        ({"other": 1}, "features are given for"),
    ],
)
def test_features_that_do_not_fit(change, said):
    made = case(mixed(120, 1), mixed(80, 2), mixed(60, 3))
    with pytest.raises(UsageError, match=said):
        with_embedding(made, given_features(120, 80, 60) | change)


def test_choosing():
    made = case(mixed(120, 1), mixed(80, 2), None)
    assert with_embedding(made, "tabular") is made and with_embedding(made, None) is made
    fitted = embedding("tabular", made.train, Rng(0))
    assert isinstance(fitted, Tabular) and embedding(fitted, made.train, Rng(0)) is fitted
    assert embedding("one-class", made.train, Rng(0)).name == "one-class"
    with pytest.raises(UsageError, match="one-klass"):
        with_embedding(made, "one-klass")


def test_scores_of_different_embeddings_refuse_comparison():
    made = case(mixed(120, 1), mixed(80, 2), mixed(60, 3))
    other = with_embedding(made, lambda frame: frame[["x", "y"]])
    a, b = (find("FID16")(each) for each in (made, other))
    assert a.embedding == made.embedded.hash and b.embedding == other.embedded.hash
    with pytest.raises(EmbeddingMismatch, match="FID16"):
        comparable(a, b)
    comparable(a, find("FID16")(replace(made, synthetic=made.holdout)), Result(0.5))
    assert find("FID01")(made).embedding is None, "no distances, no embedding"
    assert find("FID16")(made).embedding == a.embedding, "a result that was kept remembers"
