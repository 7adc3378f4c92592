"""What all templates share: one environment, one style sheet, and the hashes that let a page run its own alone."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from fidelia.measure.rules import of_pictures
from fidelia.report import charts, notation, parts, sparks
from fidelia.report.labels import pictured
from fidelia.report.words import LEVELS, brief, compare, evidence, label, way


def embed(value: Any) -> Markup:
    """Return JSON that can stand inside a script element, whatever texts it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def draw(template: str, *, pictures: bool = False, **values: Any) -> str:
    """Return a template of ``templates/`` with its values filled in; of pictures in words that fit them."""
    made: str = environment(pictures=pictures).get_template(template).render(**values)
    return made


class _Pictured(Extension):
    """Gives templates the words for pictures: their own words change, values that are filled in do not."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Return the tokens of a template, its text and its strings of several words rewritten."""
        for token in stream:
            words = token.type == "data" or (token.type == "string" and " " in token.value)
            yield Token(token.lineno, token.type, of_pictures(token.value)) if words else token


@cache
def environment(*, pictures: bool = False) -> Environment:
    """Return the environment: everything is escaped, and a name without a value is an error."""
    made = Environment(
        extensions=[_Pictured] if pictures else [],
        loader=PackageLoader("fidelia.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {name: getattr(charts, name) for name in ("bullet", "curve", "gap", "histogram", "bars", "heat")}
    made.globals |= {"plane": charts.plane, "versus": charts.versus, "embed": embed}
    made.globals |= {name: getattr(notation, name) for name in ("write", "interval", "spread", "percent", "count")}
    made.globals |= {
        "compare": compare,
        "label": label,
        "brief": brief,
        "evidence": evidence,
        "way": way,
        "levels": LEVELS,
    }
    made.globals |= {name: getattr(sparks, name) for name in ("excess", "largest", "reach", "scale")}
    made.globals |= {"spark_pair": sparks.pair, "matrix": parts.matrix}
    made.filters["details"] = lambda code, results: parts.details(results[code])
    made.filters["drawn"] = lambda code, results: parts.drawn(results[code])
    made.filters["worded"] = of_pictures if pictures else lambda text: text
    made.tests["apart"] = lambda code, tones: tones[code] in ("fail", "warning")
    made.filters["pattern"] = lambda missing: " + ".join(missing) or "(nothing missing)"
    for name, file in (("style", "style.css"), ("script", "page.js"), ("small_style", "fragment.css")):
        text = (files("fidelia.report") / "templates" / file).read_text(encoding="utf-8").strip()
        made.globals |= {name: Markup(text), f"{name}_hash": _hash(text)}
    if pictures:
        made.globals |= {"label": pictured, "curve": _worded(charts.curve), "gap": _worded(charts.gap)}
    return made


def _worded(draws: Callable[..., charts.Chart]) -> Callable[..., charts.Chart]:
    """Return a chart whose sentence speaks of pictures."""

    def drawn(*given: Any, **named: Any) -> charts.Chart:
        made = draws(*given, **named)
        return replace(made, label=of_pictures(made.label))

    return drawn


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
