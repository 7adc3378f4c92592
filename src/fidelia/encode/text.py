"""Texts are made anew, word by word: only words that many rows share appear as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from fidelia.encode.arrow import is_text, type_from_json, type_to_json, unwrap, wrap
from fidelia.encode.ids import IdCoder
from fidelia.errors import SchemaError

if TYPE_CHECKING:
    from fidelia.rng import Rng

__all__ = ["IdCoder", "TextCoder"]

WORDS, LENGTHS, POOL = 5_000, 101, 256
"""Most words and shapes kept; quantiles of the length kept; different fillings of one shape in a draw."""


@dataclass(frozen=True, slots=True, eq=False)
class TextCoder:
    """Makes texts with the lengths and the shared words of the training texts; their meaning is not learnt.

    Parameters
    ----------
    kind : pyarrow.DataType
        Of the training column, a string type.
    words : tuple of str
        Words that at least k rows hold, then shapes (``"Aaa99"``) of words that fewer do.
    shapes : int
        How many of the last `words` are shapes.
    weights : (words,) float64
        Shares of the words of a text, sum 1.
    lengths : (m,) int64
        Quantiles of the number of words in a text.
    """

    kind: pa.DataType
    words: tuple[str, ...]
    shapes: int
    weights: np.ndarray
    lengths: np.ndarray

    @classmethod
    def fit(cls, column: pa.Array, name: str, k: int) -> Self:
        """Learn the shared words of a column; `name` is for errors."""
        inner = unwrap(column)
        if not (is_text(inner.type) or pa.types.is_null(inner.type)):
            raise SchemaError(f"column {name!r} is {column.type}, no text. Give it another kind: --kind {name}=number")
        texts = [text.split() for text in inner.drop_null().to_pylist()]
        held = Counter(word for words in texts for word in set(words))
        drawn = Counter(word if held[word] >= k else "\0" + shape(word) for words in texts for word in words)
        holders = Counter(
            mould for words in texts for mould in {"\0" + shape(word) for word in words if held[word] < k}
        )
        shared = [(word, count) for word, count in drawn.most_common(WORDS) if (held[word] or holders[word]) >= k]
        shared.sort(key=lambda pair: pair[0].startswith("\0"))
        counts = np.array([count for _, count in shared], float)
        return cls(
            column.type,
            tuple(word.removeprefix("\0") for word, _ in shared),
            sum(word.startswith("\0") for word, _ in shared),
            counts / max(counts.sum(), 1.0),
            _lengths([len(words) for words in texts], k),
        )

    def make(self, missing: np.ndarray, rng: Rng) -> pa.Array:
        """Return one text for every row of `missing` (n,) bool that is False."""
        draw = rng.generator()
        lengths = draw.choice(self.lengths, len(missing)) if len(self.lengths) else np.zeros(len(missing), np.int64)
        ends = np.cumsum(lengths)
        words = self._draw(int(lengths.sum()), draw)
        texts = [" ".join(words[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
        return wrap(pa.array(texts, pa.large_string(), mask=missing), self.kind)

    def _draw(self, n: int, draw: np.random.Generator) -> list[str]:
        if not self.words:
            return [fill("aaaaa", draw) for _ in range(n)]
        picked = draw.choice(len(self.words), n, p=self.weights)
        words = np.array(self.words, dtype=object)[picked]
        for at in range(len(self.words) - self.shapes, len(self.words)):
            rows = np.flatnonzero(picked == at)
            pool = np.array([fill(self.words[at], draw) for _ in range(min(len(rows), POOL))], dtype=object)
            words[rows] = pool[np.arange(len(rows)) % POOL]
        return list(words)

    def state(self) -> dict[str, Any]:
        """Return the coder as JSON values."""
        return {
            "kind": type_to_json(self.kind),
            "words": list(self.words),
            "shapes": self.shapes,
            "weights": self.weights.tolist(),
            "lengths": self.lengths.tolist(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Read what `state` returned."""
        words, weights = tuple(str(word) for word in state["words"]), np.array(state["weights"], float)
        lengths, shapes = np.array(state["lengths"], np.int64), int(state["shapes"])
        if weights.shape != (len(words),) or (weights < 0).any() or not 0 <= shapes <= len(words):
            raise ValueError("words and their weights do not fit")
        if lengths.ndim != 1 or (len(lengths) and not 0 <= lengths.min() <= lengths.max() <= 10**6):
            raise ValueError("lengths of texts are out of range")
        return cls(type_from_json(state["kind"]), words, shapes, weights / max(weights.sum(), 1e-300), lengths)


def shape(word: str) -> str:
    """Return the shape of a word: A for a capital, a for a small letter, 9 for a digit; at most 20 characters.

    Examples
    --------
    >>> shape("Zürich-8001")
    'Aaaaaa-9999'
    """
    return "".join(map(_mould, word[:20]))


def _mould(character: str) -> str:
    if character.isdecimal():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isascii() else "_"


def fill(mould: str, draw: np.random.Generator) -> str:
    """Return random letters and digits of a shape."""
    letters = draw.integers(0, 26, len(mould))
    starts = {"A": 65, "a": 97, "9": 48}
    return "".join(
        chr(starts[c] + (int(letter) % 10 if c == "9" else int(letter))) if c in starts else c
        for c, letter in zip(mould, letters, strict=True)
    )


def _lengths(found: list[int], k: int) -> np.ndarray:
    """Quantiles of the lengths of texts between the k-th smallest and the k-th largest."""
    ordered = np.sort(np.array(found, np.int64))
    if len(ordered) < 2 * k:
        return np.full(min(len(ordered), 1), round(float(ordered.mean())) if len(ordered) else 0, np.int64)
    inner = ordered[k - 1 : len(ordered) - k + 1]
    return np.asarray(inner[np.linspace(0, len(inner) - 1, LENGTHS).round().astype(int)])
