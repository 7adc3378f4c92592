"""Ids and texts are made anew: of the same pattern, never the training values, never twice."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.encode.ids import IdCoder, permute
from fidelia.encode.text import TextCoder, fill, shape
from fidelia.rng import Rng

DRAW = np.random.Generator(np.random.PCG64(0))
UUIDS = [str(uuid.UUID(int=int.from_bytes(DRAW.bytes(16), "little"), version=4)) for _ in range(3000)]
KEYS = {
    "sequence": pa.array(range(1, 3001)),
    "int32": pa.array(range(70_000, 73_000), pa.int32()),
    "text numbers": pa.array([str(n) for n in range(1, 3001)]),
    "prefixed": pa.array([f"user_{n}" for n in range(3000)]),
    "padded": pa.array([f"ID{n:05d}" for n in range(3000)], pa.large_string()),
    "uuid": pa.array(UUIDS),
    "float": pa.array(np.arange(3000.0)),
    "unicode": pa.array([f"é{n}ß" for n in range(3000)]),
}


def make(coder, n, first=0):
    return coder.make(n, np.zeros(n, bool), first).to_pylist()


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_unique_and_new_and_of_the_same_type(name):
    coder = IdCoder.fit(KEYS[name], name, 5)
    made = make(coder, 10_000)
    assert len(set(made)) == 10_000
    assert not set(made) & set(KEYS[name].to_pylist())
    assert coder.make(1, np.zeros(1, bool)).type == KEYS[name].type


@pytest.mark.parametrize("name", KEYS)
def test_streams_continue_and_states_come_back(name):
    coder = IdCoder.fit(KEYS[name], name, 5)
    again = IdCoder.restore(coder.state())
    assert make(again, 300, 100) + make(again, 50, 400) == make(coder, 450)[100:]


def test_uuids_look_like_uuids():
    made = make(IdCoder.fit(KEYS["uuid"], "uuid", 5), 500)
    assert all(uuid.UUID(value).version == 4 for value in made)


def test_keys_keep_their_constant_prefix():
    assert all(value.startswith("user_") for value in make(IdCoder.fit(KEYS["prefixed"], "p", 5), 500))


def test_repeated_keys_keep_their_profile():
    column = pa.array(np.repeat(np.arange(500), 4))
    made = make(IdCoder.fit(column, "customer", 5), 4000)
    assert len(set(made)) == pytest.approx(1000, rel=0.1)


@given(st.integers(1, 5000), st.integers(0, 2**32 - 1))
def test_permutations_are_one_to_one(span, seed):
    assert np.sort(permute(np.arange(span, dtype=np.uint64), span, seed)).tolist() == list(range(span))


def test_texts_hand_out_shared_words_alone():
    texts = [f"the patient Nr{n}x said no" for n in range(200)]
    coder = TextCoder.fit(pa.array(texts), "note", 5)
    made = coder.make(np.zeros(500, bool), Rng(0)).to_pylist()
    words = {word for text in made for word in text.split()}
    assert {"the", "patient", "said", "no"} <= words
    assert not {f"Nr{n}x" for n in range(200)} & set(coder.words)
    assert {len(text.split()) for text in made} == {5}
    assert not set(made) & set(texts)


def test_texts_come_back_from_their_state_and_keep_missing_values():
    coder = TextCoder.fit(pa.array(["a b c", "a b", None] * 20), "note", 5)
    again = TextCoder.restore(coder.state())
    missing = np.array([True, False] * 10)
    made = again.make(missing, Rng(1))
    assert made.equals(coder.make(missing, Rng(1)))
    assert np.asarray(made.is_null()).tolist() == missing.tolist()


@given(st.text())
def test_a_filled_shape_has_the_shape(word):
    mould = shape(word)
    assert shape(fill(mould, DRAW)) == shape(mould)
