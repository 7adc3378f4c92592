"""Singling out, linkability, inference and attribution: known answers, planted leaks are caught, nobody is accused."""

import numpy as np
import pyarrow as pa
import pytest

from fidelia.attacks.disclosure import attribution, protection
from fidelia.attacks.guesses import Guesses, risk, strongest
from fidelia.attacks.inference import inference
from fidelia.attacks.linkage import linkability
from fidelia.attacks.singling import singling_out
from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.measure.statistics.proportions import greater_p
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Role, Schema

SCHEMA = Schema(
    (
        Column("age", Kind.NUMBER),
        Column("height", Kind.NUMBER),
        Column("town", Kind.CATEGORY),
        Column("job", Kind.CATEGORY),
        Column("illness", Kind.CATEGORY, Role.SENSITIVE),
    )
)
ATTACKS = {"PRV12": singling_out, "PRV13": linkability, "PRV14": inference, "PRV15": attribution}


def people(n: int, seed: int) -> Table:
    """The illness is nearly a coin, so that only memory of persons can tell it."""
    r = np.random.default_rng(seed)
    age = r.normal(45, 15, n)
    columns = {
        "age": pa.array(age),
        "height": pa.array(170 + 0.1 * age + r.normal(0, 9, n)),
        "town": pa.array(r.choice(list("abcdef"), n)),
        "job": pa.array(np.where(age + r.normal(0, 10, n) > 45, "x", "y")),
        "illness": pa.array(np.where(r.random(n) < 0.55 - 0.1 * (age > 45), "yes", "no")),
    }
    return Table(pa.table(columns), SCHEMA, "pyarrow")


def case(synthetic: Table, seed: int = 0, **settings) -> Case:
    return Case(people(600, 100 + seed), synthetic, people(600, 200 + seed), Rng(seed), **settings)


def guesses(train: list[bool], holdout: list[bool]) -> Guesses:
    return Guesses("secret", "me", np.array(train), np.array(holdout), np.zeros(len(train), bool))


def test_risk_is_the_share_of_what_strangers_leave_to_be_won():
    result = risk([guesses([True] * 6 + [False] * 4, [True] * 2 + [False] * 8)], {"train": 10, "holdout": 10})
    assert result.value == pytest.approx((0.6 - 0.2) / (1 - 0.2))
    assert result.breakdown["excess"] == pytest.approx(0.4)
    assert result.reference.value == 0
    low, high = result.interval
    assert low < result.value < high


def test_greater_p_is_fishers_exact_test():
    from scipy.stats import fisher_exact

    for a, b in ((8, 2), (5, 5), (1, 7), (0, 0)):
        expected = fisher_exact([[a, 10 - a], [b, 12 - b]], alternative="greater").pvalue
        assert greater_p(a, 10, b, 12) == pytest.approx(expected)


def test_the_rows_that_judge_an_attacker_have_not_chosen_it():
    lucky = guesses([True] * 4 + [False] * 4, [False] * 8)
    steady = guesses([False] * 4 + [True] * 4, [False] * 8)
    assert strongest([steady, lucky]).rate == 0  # lucky wins on the first half, and has nothing on the second


def test_attribution_of_a_hand_made_table():
    """Keys (town, job); of the two synthetic rows with the key (a, x) one has the secret of the attacked row."""
    rows = {"town": ["a", "a", "b", "b"] * 20, "job": ["x", "x", "y", "x"] * 20}
    schema = Schema(tuple(SCHEMA[name] for name in ("town", "job", "illness")))

    def table(town, job, illness):
        columns = {"town": pa.array(town), "job": pa.array(job), "illness": pa.array(illness)}
        return Table(pa.table(columns), schema, "pyarrow")

    synthetic = table(rows["town"], rows["job"], ["yes", "no", "yes", "no"] * 20)
    attacked = table(["a", "b"] * 20, ["x", "y"] * 20, ["yes", "yes"] * 20)
    strangers = table(["a", "b"] * 20, ["y", "x"] * 20, ["yes", "yes"] * 20)
    result = attribution(Case(attacked, synthetic, strangers, Rng(0)))
    line = result.breakdown["lines"][0]
    assert line["train"] == pytest.approx((0.5 + 1) / 2)
    assert line["cap_train"] == pytest.approx(0.75)
    assert line["tcap_train"] == 1  # only (b, y) says something certain, and it is true
    # (a, y) is in no synthetic row: nearest by one field are (a, x) twice and (b, y); (b, x) is certain of "no"
    assert line["holdout"] == pytest.approx((2 / 3 + 0) / 2)
    assert line["cap_holdout"] == 0
    assert line["tcap_holdout"] == 0
    assert line["blind"] == 0.5
    assert result.value == pytest.approx(0.75)
    shield = protection(Case(attacked, synthetic, strangers, Rng(0)))
    assert shield.value == pytest.approx(min(1, 0.25 / 0.5))


@pytest.mark.parametrize("code", ATTACKS)
def test_copies_are_caught(code):
    there = case(people(600, 100))  # the synthetic rows are the train rows
    result = ATTACKS[code](there)
    assert result.breakdown["alarm"], result.breakdown["lines"]
    assert result.value > result.reference.value + 0.1


@pytest.mark.parametrize("code", ["PRV13", "PRV14", "PRV15"])
def test_a_part_of_copies_is_caught(code):
    """A quarter of the synthetic rows are train rows: a quarter of the persons leak."""
    train, fresh = people(600, 100), people(1800, 7)
    mixed = Table(pa.concat_tables([train.arrow, fresh.arrow]), SCHEMA, "pyarrow")
    assert ATTACKS[code](case(mixed)).breakdown["alarm"]


@pytest.mark.parametrize("code", ATTACKS)
def test_a_generator_that_never_saw_the_rows_is_not_accused(code):
    """Six seeds at level .05: three alarms or more come with probability .002."""
    assert alarms(code, range(6)) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("code", ATTACKS)
def test_over_twenty_seeds_false_alarms_keep_their_level(code):
    """Five alarms or more of 20 come with probability .003."""
    assert alarms(code, range(20)) <= 4


def alarms(code: str, seeds: range) -> int:
    return sum(ATTACKS[code](case(people(600, 300 + seed), seed)).breakdown["alarm"] for seed in seeds)


def test_known_and_secret_columns_are_the_users():
    there = case(people(600, 100), known=("age", "height"))
    assert inference(there).breakdown["alarm"]
    blind = case(people(600, 100), known=("job",))
    assert not inference(blind).breakdown["alarm"]  # a job is shared by half of all
    assert [line["name"] for line in inference(there).breakdown["lines"]] == ["illness"]


def test_attacks_need_strangers():
    with pytest.raises(NotApplicable, match="set aside"):
        inference(Case(people(100, 1), people(100, 2), None, Rng(0)))
