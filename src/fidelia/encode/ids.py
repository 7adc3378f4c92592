"""Ids are made anew: new keys of the training keys' pattern, never repeated, whatever the number of rows.

The n-th key is a fixed function of n (a permutation of a counter, seeded by the column's name), so streaming never
repeats one. The counter runs through the widest gap that the training keys leave in their pattern, its ends rounded
inward so that they point to no key; where there is no room, the keys grow longer.
"""

from __future__ import annotations

import math
import string
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.types as is_

from fidelia.encode.arrow import from_whole, is_text, is_whole, to_whole, type_from_json, type_to_json, unwrap, wrap

WIDE, LONG, BLOCK = 2**32, 200, 1000
"""Room that a counter needs; longest key; rows in which a repeated key's profile is reproduced."""
_UP, _LOW, _HEX = string.ascii_uppercase, string.ascii_lowercase, "0123456789abcdef"
CLASSES = (
    *(string.digits, _HEX, _HEX.upper(), _UP, _LOW, _UP + _LOW),
    *(string.digits + _UP, string.digits + _LOW, string.digits + _UP + _LOW),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Keys of one length: the characters allowed at each position, and the part of the counter that is free.

    Parameters
    ----------
    places : tuple of str
        Characters by position; a single one is constant.
    base, span : int
        The counter runs through ``[base, base + span)``.
    weight : float
        Share of the keys.
    """

    places: tuple[str, ...]
    base: int
    span: int
    weight: float

    def counted(self) -> list[int]:
        """Positions that the counter turns, from the right, until there is room for `WIDE` keys."""
        room, chosen = 1, []
        for at in range(len(self.places) - 1, -1, -1):
            if len(self.places[at]) > 1 and room < WIDE:
                chosen.append(at)
                room *= len(self.places[at])
        return chosen

    def room(self) -> int:
        """How many keys the counted positions can tell apart."""
        return math.prod(len(self.places[at]) for at in self.counted())

    def write(self, index: np.ndarray, seed: int) -> np.ndarray:
        """Return the keys of counter values ``index`` (n,), as a numpy string array."""
        letters = np.zeros((len(index), len(self.places)), np.uint32)
        turn = permute(index.astype(np.uint64), self.span, seed) + np.uint64(self.base)
        counted = self.counted()
        for at in counted:
            alphabet = np.array([ord(c) for c in self.places[at]], np.uint32)
            letters[:, at] = alphabet[(turn % np.uint64(len(alphabet))).astype(np.int64)]
            turn = turn // np.uint64(len(alphabet))
        for at in set(range(len(self.places))) - set(counted):
            alphabet = np.array([ord(c) for c in self.places[at]], np.uint32)
            letters[:, at] = alphabet[(scatter(index, seed + at + 1) % np.uint64(len(alphabet))).astype(np.int64)]
        return letters.view(f"<U{len(self.places)}").ravel()


@dataclass(frozen=True, slots=True, eq=False)
class IdCoder:
    """Makes keys.

    Parameters
    ----------
    kind : pyarrow.DataType
        Of the training column.
    seed : int
        Of the permutations; from the column's name.
    patterns : tuple of Pattern
        Of text keys, the last one being the overflow with room for any number of rows; empty for whole numbers.
    base, span : int
        Whole-number keys come from ``[base, base + span)``, then from the next `span`, and so on.
    repeats : tuple of int
        Quantiles of the rows per key; ``(1,)`` when keys are unique.
    """

    kind: pa.DataType
    seed: int
    patterns: tuple[Pattern, ...] = ()
    base: int = 0
    span: int = 1
    repeats: tuple[int, ...] = (1,)

    @classmethod
    def fit(cls, column: pa.Array, name: str, k: int) -> Self:
        """Learn the pattern of the keys in `column`."""
        inner = unwrap(column).drop_null()
        seed = int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "little")
        distinct = inner.unique()
        repeats = _repeats(inner, k) if len(distinct) < len(inner) else (1,)
        if is_text(inner.type):
            return cls(column.type, seed, learn_patterns(distinct.to_pylist(), k), repeats=repeats)
        base, span = _free_numbers(inner)
        return cls(column.type, seed, (), base, span, repeats)

    def make(self, n: int, missing: np.ndarray, first: int = 0) -> pa.Array:
        """Return `n` keys, those of the rows `first` and on; null where ``missing`` (n,) is true."""
        index = self._keys(first, n)
        inner = self.kind.value_type if is_.is_dictionary(self.kind) else self.kind
        if self.patterns:
            return wrap(pa.array(self._text(index), pa.large_string(), mask=missing), self.kind)
        if is_.is_null(inner):
            return pa.nulls(n, self.kind)
        turn = permute((index % self.span).astype(np.uint64), self.span, self.seed).astype(np.int64)
        numbers = self.base + turn + index // self.span * self.span
        if is_whole(inner):
            top = _largest(inner)
            return wrap(from_whole(numbers % (top + 1) if top < 2**62 else numbers, missing, inner), self.kind)
        return wrap(pa.array(numbers, mask=missing).cast(pa.float64()).cast(inner), self.kind)

    def _keys(self, first: int, n: int) -> np.ndarray:
        """Which key each row holds: 0, 1, 2, ... or, with repeats, several rows of a block the same."""
        if self.repeats == (1,):
            return np.arange(first, first + n, dtype=np.int64)
        sizes = np.array(self.repeats)
        block = max(BLOCK, int(20 * sizes.mean()))
        keys = math.ceil(block / max(sizes.mean(), 1))
        found = [self._block(i, block, keys, sizes) for i in range(first // block, (first + n - 1) // block + 1)]
        start = first - first // block * block
        return np.concatenate(found)[start : start + n] if found else np.zeros(0, np.int64)

    def _block(self, i: int, rows: int, keys: int, sizes: np.ndarray) -> np.ndarray:
        weights = sizes[(scatter(np.arange(keys) + i * keys, self.seed) % np.uint64(len(sizes))).astype(np.int64)]
        ends = np.cumsum(weights) / weights.sum() * rows
        order = np.argsort(scatter(np.arange(rows) + i * rows, self.seed + 1), kind="stable")
        return i * keys + np.searchsorted(ends, np.arange(rows) + 0.5)[order]

    def _text(self, index: np.ndarray) -> np.ndarray:
        """Write each key in a pattern drawn by weight, or in the overflow when that pattern is full."""
        edges = np.cumsum([pattern.weight for pattern in self.patterns])
        at = np.searchsorted(edges, scatter(index, self.seed + 7) / 2**64 * edges[-1], side="right")
        at = np.minimum(at, len(self.patterns) - 1)
        at = np.where(index >= np.array([p.span for p in self.patterns])[at], len(self.patterns) - 1, at)
        keys = np.empty(len(index), dtype=object)
        for i, pattern in enumerate(self.patterns):
            keys[at == i] = pattern.write(index[at == i], self.seed)
        return keys

    def state(self) -> dict[str, Any]:
        """Return the coder as JSON values."""
        return {
            "kind": type_to_json(self.kind),
            "patterns": [asdict(pattern) for pattern in self.patterns],
            "repeats": list(self.repeats),
            **{name: getattr(self, name) for name in ("seed", "base", "span")},
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Read what `state` returned."""
        patterns = tuple(_pattern(said) for said in state["patterns"])
        repeats = tuple(map(int, state["repeats"]))
        seed, base, span = (int(state[name]) for name in ("seed", "base", "span"))
        if not repeats or not 1 <= min(repeats) <= max(repeats) <= 2**31 or not 1 <= span <= WIDE or abs(base) >= 2**63:
            raise ValueError("range of keys")
        return cls(type_from_json(state["kind"]), seed % WIDE, patterns, base, span, repeats)


def _pattern(said: dict[str, Any]) -> Pattern:
    made = Pattern(tuple(map(str, said["places"])), int(said["base"]), int(said["span"]), float(said["weight"]))
    if not 1 <= len(made.places) <= LONG or not all(1 <= len(place) <= 256 for place in made.places):
        raise ValueError("places of a pattern of keys")
    if made.base < 0 or made.span < 1 or made.base + made.span > max(made.room(), 1) or not 0 <= made.weight <= 1:
        raise ValueError("room of a pattern of keys")
    return made


def learn_patterns(keys: list[str], k: int) -> tuple[Pattern, ...]:
    """Return the patterns of the most common lengths of distinct `keys`, and at the end the overflow pattern."""
    by_length: dict[int, list[str]] = {}
    for key in keys:
        by_length.setdefault(len(key), []).append(key)
    groups = sorted((g for n, g in by_length.items() if 0 < n <= LONG - 12 and len(g) >= k), key=len, reverse=True)[:8]
    found = [_learn(group, k, len(group) / len(keys)) for group in groups]
    places = found[0].places if found else (string.digits + _LOW,) * 8
    longest = min(max(by_length, default=8), LONG - 12)
    places = (*places, *(string.digits,) * (longest + 1 - len(places)))
    while math.prod(map(len, places)) < 10**9:
        places = (*places, string.digits)
    overflow = Pattern(places, 0, 1, 0.0)
    kept = tuple(p for p in found if p.span >= max(16, 2 * p.weight * len(keys)))
    return (*kept, Pattern(places, 0, min(overflow.room(), WIDE), 0.0 if kept else 1.0))


def _learn(keys: list[str], k: int, weight: float) -> Pattern:
    places = tuple(_place([key[at] for key in keys], k) for at in range(len(keys[0])))
    draft = Pattern(places, 0, 1, weight)
    room = draft.room()
    taken = np.array(sorted({i for key in keys if (i := _index(draft, key)) is not None}), dtype=np.int64)
    walls = np.concatenate(([-1], taken, [room]))
    widest = int(np.diff(walls).argmax())
    start, stop = int(walls[widest]) + 1, int(walls[widest + 1])
    # Ends are rounded inward to an eighth of the gap, so that they give no key away.
    grain = 1 << max((stop - start).bit_length() - 4, 0)
    base = -(-start // grain) * grain
    span = min(stop // grain * grain - base, WIDE)
    return Pattern(places, base, max(span, 1), weight) if span > 1 else Pattern(places, 0, 1, weight)


def _place(found: list[str], k: int) -> str:
    """The characters of one position: those seen when few, else the smallest class that holds them."""
    characters, counts = np.unique(np.array(found), return_counts=True)
    common = "".join(characters[counts >= k].tolist())
    if common and len(characters) <= 4:
        return common
    return next((c for c in CLASSES if set(common) <= set(c)), common[:256] or CLASSES[-1])


def _index(pattern: Pattern, key: str) -> int | None:
    """The counter value that would write `key`, None when no value can."""
    value, scale = 0, 1
    for at in pattern.counted():
        digit = pattern.places[at].find(key[at])
        if digit < 0:
            return None
        value, scale = value + digit * scale, scale * len(pattern.places[at])
    return value


def _free_numbers(inner: pa.Array) -> tuple[int, int]:
    """Where new whole-number keys start, above all training keys and rounded up, and how wide the first run is."""
    if is_whole(inner.type):
        top, limit = int(to_whole(inner).max(initial=0)), _largest(inner.type)
    elif is_.is_null(inner.type):
        return 0, 1
    else:
        top, limit = int(np.ceil(np.asarray(inner.cast(pa.float64())).max(initial=0))), 2**53
    top = max(top, 9)
    grain = 10 ** max(len(str(top)) - 2, 1)
    base = (top // grain + 1) * grain
    span = 10 ** len(str(top)) - base
    span = min(span if span >= base // 2 else 9 * 10 ** len(str(top)), WIDE)
    return (base, span) if base + 100 * span <= limit else (0, min(limit, WIDE))


def _largest(kind: pa.DataType) -> int:
    if is_.is_boolean(kind):
        return 1
    if is_.is_temporal(kind):
        return 2**31 - 1 if kind.bit_width == 32 else 2**63 - 1
    return int(min(np.iinfo(kind.to_pandas_dtype()).max, 2**63 - 1))


def _repeats(inner: pa.Array, k: int) -> tuple[int, ...]:
    """Quantiles of the rows per key between the k-th smallest and the k-th largest."""
    counts = np.sort(np.asarray(inner.value_counts().field(1), dtype=np.int64))
    inside = counts[k - 1 : len(counts) - k + 1] if len(counts) >= 2 * k else np.array([round(counts.mean())])
    return tuple(inside[np.linspace(0, len(inside) - 1, min(len(inside), 64)).round().astype(int)].tolist())


def permute(index: np.ndarray, span: int, seed: int) -> np.ndarray:
    """Map ``index`` (n,) uint64 in [0, span), span <= 2^32, one to one onto itself: ``(a i + b) mod span``."""
    step = max(int(span * 0.6180339887) ^ (seed % 1024), 1) % max(span, 1) or 1
    while math.gcd(step, span) != 1:
        step += 1
    return np.asarray((index % np.uint64(span) * np.uint64(step % span) + np.uint64(seed % span)) % np.uint64(span))


def scatter(index: np.ndarray, seed: int) -> np.ndarray:
    """Hash ``index`` (n,) to uint64 by the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = index.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
