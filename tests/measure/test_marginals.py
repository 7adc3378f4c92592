"""Tables of up to three columns, and entropies."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy as public_entropy
from tables import case, mixed

from fidelia.measure.catalog import find
from fidelia.measure.columns.marginals import entropy, likeness


def bits(n: int, seed: int, *, parity: bool) -> pd.DataFrame:
    """Three fair bits; with `parity`, the third is the sum of the first two: any two of them are independent."""
    r = np.random.default_rng(seed)
    a, b, c = r.integers(0, 2, (3, n)).astype(bool)
    return pd.DataFrame({"a": a, "b": b, "c": a ^ b if parity else c})


def test_likeness_is_one_minus_the_total_variation_of_the_joint_table():
    r = np.random.default_rng(0)
    sizes = np.array([3, 4, 2])
    a, b = (np.stack([r.integers(0, k, 500) for k in sizes]) for _ in range(2))
    for chosen in ([0], [0, 2], [0, 1, 2]):
        shares = [pd.Series(list(map(tuple, side[chosen].T))).value_counts(normalize=True) for side in (a, b)]
        expected = 1 - shares[0].sub(shares[1], fill_value=0).abs().sum() / 2
        assert likeness(a, b, sizes, chosen) == pytest.approx(expected, abs=1e-12)


def test_only_three_way_tables_see_a_parity():
    made = case(bits(6000, 1, parity=True), bits(6000, 2, parity=False), bits(6000, 3, parity=True))
    lines = {line["name"]: line for line in find("FID11")(made).breakdown["lines"]}
    assert lines["one-way"]["share_of_maximum"] > 0.97 and lines["two-way"]["share_of_maximum"] > 0.97
    assert lines["three-way"]["value"] == pytest.approx(0.5, abs=0.03)
    assert lines["three-way"]["reference"] > 0.95 and lines["three-way"]["sets"] == 1
    assert find("FID10")(made).value > 0.95


def test_fresh_rows_are_the_maximum():
    found = find("FID11")(case(mixed(2000, 1), mixed(2000, 2), mixed(1000, 3)))
    assert abs(found.value - found.reference.value) < 3 * max(found.reference.sd, 0.004)
    assert len(found.breakdown["sets"]) == len(list(combinations(range(5), 3)))
    assert all(len(line["columns"]) == 3 for line in found.breakdown["sets"])


def test_many_columns_are_sampled_and_said_so():
    r = np.random.default_rng(0)
    wide = [pd.DataFrame(r.normal(size=(80, 24)), columns=[f"x{j}" for j in range(24)]) for _ in range(3)]
    found = find("FID11")(case(*wide))
    assert [line["sets"] for line in found.breakdown["lines"]] == [24, 100, 100]
    said = " ".join(c.text for c in found.caveats)
    assert "100 of 276 two-way" in said and "100 of 2,024 three-way" in said


def test_entropy_is_that_of_scipy():
    counts = np.random.default_rng(0).integers(0, 9, 20).astype(float)
    assert entropy(counts) == pytest.approx(public_entropy(counts, base=2), abs=1e-12)


def test_poorer_and_noisier_columns():
    r = np.random.default_rng(0)

    def rows(n, p):
        return pd.DataFrame({"town": r.choice(list("abcd"), n, p=p), "flag": r.random(n) < 0.5})

    even, poor = [0.25] * 4, [0.85, 0.05, 0.05, 0.05]
    found = find("DIV14")(case(rows(4000, even), rows(4000, poor), rows(4000, even)))
    line = found.breakdown["columns"][0]
    assert line["value"] == pytest.approx(public_entropy(poor, base=2) / 2, abs=0.03)
    assert found.value < 0.9 and found.reference.value == pytest.approx(1, abs=0.01)
    noisy = find("DIV14")(case(rows(4000, poor), rows(4000, even), rows(4000, poor)))
    assert noisy.value > 1.2


def test_columns_that_do_not_vary_have_no_entropy_to_compare():
    rows = [mixed(300, i).assign(count=1.0) for i in range(3)]
    found = find("DIV14")(case(*rows))
    assert "count" not in [line["column"] for line in found.breakdown["columns"]]
    assert found.value == pytest.approx(1, abs=0.05)
