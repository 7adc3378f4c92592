"""The catalog's lines for diagnosis."""

from __future__ import annotations

from fidelia.measure.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
