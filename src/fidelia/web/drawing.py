"""Templates to answers: jinja2 with everything escaped, and what all templates know."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from fidelia.auditing.verdicts import TEXT, Verdict
from fidelia.report.notation import count, percent, size
from fidelia.schema.kinds import Kind
from fidelia.web import views, wording
from fidelia.web.filters import OPERATORS

KINDS = tuple(str(kind) for kind in Kind if kind is not Kind.IMAGE)
EXAMPLES = 3
"""Values of a column that are shown as examples."""


def draw(template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """Return the page of a template."""
    return HTMLResponse(_environment().get_template(template).render(**facts), status_code=status)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("fidelia.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "count": count,
        "percent": percent,
        "size": size,
        "kinds": KINDS,
        "verdicts": [str(v) for v in Verdict],
    }
    made.globals |= {"reason_text": {str(reason): text for reason, text in TEXT.items()}, "sizes_of": views.SIZES}
    made.globals |= {"operators": OPERATORS, "examples": EXAMPLES}
    made.globals |= {name: getattr(wording, name) for name in ("lasted", "cell", "caused", "CONTENTS", "STATUS")}
    made.filters["json"] = json.dumps  # jinja's own tojson marks its text as safe
    return made
