"""Dates and times in words, as coded values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pyarrow.types as is_

from fidelia.encode.arrow import DAY, tick
from fidelia.encode.numbers import NumberCoder

EPOCH = datetime(1970, 1, 1)


def moment(kind: NumberCoder, value: Any) -> tuple[float, float]:
    """Return the first and last coded value of the moment `value`; a date alone means its whole day.

    Parameters
    ----------
    kind : NumberCoder
        Of a temporal column. Moments without a zone are on the column's own clock.
    value : str, datetime.date, datetime.datetime, datetime.timedelta or number
        Text is ISO 8601; a number counts the column's own units.

    Raises
    ------
    ValueError, TypeError
        When it is none of these.
    """
    if isinstance(value, timedelta):
        return (found := _units(kind, _microseconds(value) * 1000), found)
    if not is_.is_timestamp(kind.inner) and not is_.is_date(kind.inner):
        return (found := (float(value) - kind.offset) / kind.step, found)
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value.strip()) == 10 else datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return (found := _units(kind, _nanoseconds(kind, value)), found)
    start = datetime(value.year, value.month, value.day)
    begin, end = _nanoseconds(kind, start), _nanoseconds(kind, start + timedelta(days=1))
    return _units(kind, begin), _units(kind, end - min(tick(kind.inner) * kind.step, DAY))


def _units(kind: NumberCoder, nanoseconds: int) -> float:
    unit = tick(kind.inner)
    whole, part = divmod(nanoseconds, unit)
    return (whole - kind.offset + part / unit) / kind.step


def _nanoseconds(kind: NumberCoder, value: datetime) -> int:
    """Nanoseconds since 1970 on the clock by which the column was coded: its own (`wall`) or UTC."""
    zone = getattr(kind.inner, "tz", None)
    if zone is not None:
        clock = _zone(zone)
        local = value.replace(tzinfo=clock) if value.tzinfo is None else value.astimezone(clock)
        value = local.replace(tzinfo=None) if kind.wall else local.astimezone(UTC).replace(tzinfo=None)
    elif value.tzinfo is not None:
        raise ValueError("the column has no time zone")
    return _microseconds(value - EPOCH) * 1000


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    if name[:1] in "+-" and ":" in name:
        hours, minutes = name[1:].split(":")
        return timezone((-1 if name[0] == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes)))
    return ZoneInfo(name)
