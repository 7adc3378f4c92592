"""Which embedding a metric took its distances in: noted where points are asked for, read where results are signed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_used: ContextVar[set[str] | None] = ContextVar("fidelia_embeddings", default=None)


@contextmanager
def recording() -> Iterator[set[str]]:
    """Give the set that fills with the hashes of the embeddings used inside, in this thread."""
    found: set[str] = set()
    token = _used.set(found)
    try:
        yield found
    finally:
        _used.reset(token)


def note(*embeddings: str) -> None:
    """Say that distances are about to be taken in the embeddings with these hashes."""
    if (found := _used.get()) is not None:
        found.update(embeddings)
