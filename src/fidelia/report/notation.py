"""How numbers are written for people: the one place."""

from __future__ import annotations

import math
from collections.abc import Sequence

NONE = "–"
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"

Number = float | int | None


def score(value: Number, digits: int = 3) -> str:
    """Write a score with fixed decimals: ``0.962``.

    Examples
    --------
    >>> score(0.9618), score(None), score(-0.0001)
    ('0.962', '–', '0.000')
    """
    if value is None:
        return NONE
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: Number, digits: int = 3) -> str:
    """Write a difference with its sign: ``+0.012``."""
    text = score(value, digits)
    return f"+{text}" if value is not None and float(f"{value:.{digits}f}") > 0 else text


def percent(value: Number, digits: int | None = None) -> str:
    """Write a share of one as a percentage: ``3.1 %``, with two decimals below one percent unless `digits` is said.

    A share too small to show is not shown as none, nor one too near to all as all.

    Examples
    --------
    >>> [percent(v).replace(THIN, " ") for v in (0.0312, 0, 0.0006, 0.00001, 1, 0.9999)]
    ['3.1 %', '0 %', '0.06 %', '<0.01 %', '100 %', '>99.9 %']
    """
    if value is None:
        return NONE
    if value in (0, 1):
        return f"{round(100 * value)}{THIN}%"
    if digits is None:
        digits = 2 if abs(value) < 0.01 else 1
    if 0 < value < 0.5 * 10 ** (-2 - digits):
        return f"<{10**-digits:g}{THIN}%"
    if 1 - 0.5 * 10 ** (-2 - digits) < value < 1:
        return f">{100 - 10**-digits:g}{THIN}%"
    return f"{score(100 * value, digits)}{THIN}%"


def count(value: Number) -> str:
    """Write a whole number with separators: ``39,073``."""
    return NONE if value is None else f"{round(value):,}".replace("-", MINUS)


def amount(value: Number) -> str:
    """Write a value of a column to four significant digits, without an exponent where it can be read.

    Examples
    --------
    >>> amount(19302), amount(0.000123), amount(12.50), amount(-3e12)
    ('19,302', '0.000123', '12.5', '−3e+12')
    """
    if value is None:
        return NONE
    size = abs(value)
    if size and not 1e-5 <= size < 1e9:
        return f"{value:.4g}".replace("-", MINUS, 1)
    decimals = 0 if size >= 1000 or not size else max(0, 3 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def small(value: Number) -> str:
    """Write a score that may be tiny: three decimals, or two digits and a power of ten.

    Examples
    --------
    >>> small(0.0312), small(0), small(-5.8e-5)
    ('0.031', '0.000', '−5.8 × 10⁻⁵')
    """
    if not value or abs(value) >= 0.0005:
        return score(value)
    digits, power = f"{value:.1e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits} × 10{raised}".replace("-", MINUS)


def points(value: Number) -> str:
    """Write a difference of shares with its sign: ``+3.2 %``."""
    text = percent(value, 1)
    return f"+{text}" if value is not None and value >= 0.0005 else text


FORMS = {"score": score, "signed": signed, "percent": percent, "count": count, "amount": amount}
FORMS |= {"small": small, "points": points}


def write(value: Number, form: str = "score") -> str:
    """Write a number in a named form: score, signed, percent, count, amount, small, points."""
    return FORMS[form](value)


def interval(ends: Sequence[Number] | None, form: str = "score") -> str:
    """Write an interval: ``0.951 to 0.969``; empty when there is none."""
    return "" if ends is None else f"{write(ends[0], form)} to {write(ends[1], form)}"


def spread(value: Number, sd: Number, form: str = "score") -> str:
    """Write a reference with twice its standard deviation: ``0.978 ± 0.006``."""
    if sd is None:
        return write(value, form)
    return f"{write(value, form)} ± {write(2 * sd, 'score' if form == 'signed' else form)}"


def shorten(text: str, length: int = 18) -> str:
    """Cut a text at `length` characters, with an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def size(count: float) -> str:
    """Write a number of bytes: ``5.3 MB``.

    Examples
    --------
    >>> size(812), size(20_480), size(5_300_000)
    ('812 B', '20 kB', '5.3 MB')
    """
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.1f} {unit}" if count < 10 and unit != "B" else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
