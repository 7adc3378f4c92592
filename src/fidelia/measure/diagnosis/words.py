"""Numbers as people write them: shares, values and dates of rules and names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEW = 10
"""Real rows below which no region is described: the shareable report shows nothing that fewer rows hold."""


def percent(share: float) -> str:
    """Return a share in per cent with as many digits as it deserves.

    Examples
    --------
    >>> percent(0.0), percent(0.0131), percent(0.00042), percent(0.42), percent(1.0)
    ('0 %', '1.3 %', '0.042 %', '42 %', '100 %')
    """
    value = 100 * share
    if value == 0 or value >= 9.95:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 0.1 else f"{value:.1g} %" if value < 0.01 else f"{value:.2g} %"


def number(value: float, *, dated: bool = False) -> str:
    """Return a value of a column; `dated` reads it as microseconds since 1970.

    Examples
    --------
    >>> number(10000.0), number(0.25), number(-3.0), number(1.69992e15, dated=True)
    ('10000', '0.25', '-3', '2023-11-14')
    """
    if not dated:
        whole = float(value).is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else f"{value:.6g}"
    when = np.datetime_as_string(np.datetime64(int(value), "us"), unit="s")
    return str(when).replace("T00:00:00", "").replace("T", " ")


def equals(name: str, level: str) -> str:
    """Return "column=level", the level in quotes where it could be misread.

    Examples
    --------
    >>> print(equals("sex", "Female"), equals("income", ">50K"))
    sex=Female income=">50K"
    """
    return f"{name}={quoted(level)}"


def quoted(level: str) -> str:
    """Return a level, in quotes where it is empty, begins with a sign or holds a word that joins conditions."""
    plain = level.strip() and level[0] not in "<>=" and not any(part in level for part in (" and ", ", ", " or "))
    return level if plain else f'"{level}"'


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Return "a, b and c".

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"
