"""The catalog's lines for generations."""

from __future__ import annotations

from fidelia.measure.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
