"""The options that commands share: their types, help, and how their texts become values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fidelia.cli import complete
from fidelia.errors import UsageError
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Schema, closest

HOW = "How it speaks"
COLUMNS = "Columns"


class Edition(StrEnum):
    """Who may see the report."""

    SHAREABLE = "shareable"
    INTERNAL = "internal"


Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="A table: csv, tsv, json, jsonl, parquet or xlsx.", show_default=False),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results.", show_default=False)]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="The column to predict.",
        autocompletion=complete.column,
        rich_help_panel=COLUMNS,
    ),
]
Sensitive = Annotated[
    list[str] | None,
    typer.Option(
        "--sensitive",
        metavar="COLUMN",
        help="Its groups are to be treated alike: measure fairness. Repeatable.",
        autocompletion=complete.column,
        rich_help_panel=COLUMNS,
        show_default=False,
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="COLUMN",
        help="Keep rows of one entity on one side.",
        autocompletion=complete.column,
        show_default=False,
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="COLUMN=KIND",
        help="Correct a guessed kind, e.g. zip=category. Repeatable.",
        autocompletion=complete.kind,
        rich_help_panel=COLUMNS,
        show_default=False,
    ),
]
Described = Annotated[
    Path | None,
    typer.Option(
        "--schema",
        metavar="FILE",
        help="Take kinds and target from a file that `fidelia schema -o` wrote.",
        rich_help_panel=COLUMNS,
        show_default=False,
    ),
]
Train = Annotated[Path, typer.Option("--train", metavar="FILE|DIR", help="The real rows that were learnt from.")]
Synthetic = Annotated[Path, typer.Option("--synthetic", metavar="FILE|DIR", help="The synthetic rows.")]
Unseen = Annotated[
    Path | None,
    typer.Option("--holdout", metavar="FILE|DIR", help="Real rows that the generator never saw.", show_default=False),
]
GeneratorName = Annotated[
    str,
    typer.Option(
        "--generator",
        metavar="NAME",
        help="See `fidelia list generators`; auto: a race of them.",
        autocompletion=complete.generator,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of the generator. Repeatable.", show_default=False),
]
Size = Annotated[
    int | None,
    typer.Option("--size", metavar="PIXELS", min=1, help="Bring all pictures to this side.", show_default=False),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--given",
        metavar="COLUMN=VALUE",
        help="Draw only such rows: sex=Female, age=30..40, city=A|B, x= (missing). Repeatable.",
        autocompletion=complete.condition,
        show_default=False,
    ),
]
Shares = Annotated[
    str | None,
    typer.Option(
        "--balance",
        metavar="COLUMN[=LEVEL:SHARE]",
        help="Other shares of a column's levels: income (all alike), income=>50K:0.5.",
        autocompletion=complete.column,
        show_default=False,
    ),
]
TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="TIME", help="Learn no longer: 90s, 5m, 1h30m.", show_default=False),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Same seed, same result.")]
WhoSees = Annotated[
    Edition,
    typer.Option("--edition", help="shareable shows no value that fewer than 10 real rows hold.", show_default=True),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print the result as JSON to stdout.", rich_help_panel=HOW, show_default=False, metavar=""
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=HOW, show_default=False, metavar=""),
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, help="Say more; -vv: all.", rich_help_panel=HOW, show_default=False, metavar=""
    ),
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show tracebacks of errors.", rich_help_panel=HOW, show_default=False, metavar=""),
]


def kinds_from(texts: Iterable[str] | None, described: Path | None = None) -> dict[str, str]:
    """Turn ``zip=category`` and a schema file into kinds by column; a text overrules the file.

    Raises
    ------
    UsageError
        When a text is not ``column=kind``.
    """
    kinds = {c.name: str(c.kind) for c in read_schema(described)} if described else {}
    for text in texts or ():
        column, sign, kind = text.rpartition("=")
        if not sign or not column:
            raise UsageError(f"--kind {text!r} is not COLUMN=KIND; write e.g. --kind zip=category")
        if kind not in list(Kind):
            raise UsageError(f"--kind {text!r}: no kind {kind!r}{closest(kind, Kind)} (there are: {', '.join(Kind)})")
        kinds[column] = kind
    return kinds


def target_from(target: str | None, described: Path | None) -> str | None:
    """Return the target that was said, else the one that the schema file declares."""
    return read_schema(described).target if target is None and described else target


def read_schema(path: Path) -> Schema:
    """Read a schema file.

    Raises
    ------
    ReadError
        When the file cannot be read.
    SchemaError
        When it is no schema.
    """
    from fidelia.errors import ReadError

    try:
        return Schema.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path}: cannot be read as a schema: {error}") from error


def settings_from(texts: Iterable[str] | None) -> dict[str, Any]:
    """Turn ``leaf=40`` into settings by name; values are JSON where they can be, else texts.

    Raises
    ------
    UsageError
        When a text is not ``name=value``.
    """
    settings: dict[str, Any] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"--set {text!r} is not NAME=VALUE; write e.g. --set leaf=40")
        settings[name.replace("-", "_")] = _value(value)
    return settings


def conditions_from(texts: Sequence[str] | None) -> list[str]:
    """Return the conditions, each checked to have a column and a sign; `fidelia.generate.conditions` reads them.

    Raises
    ------
    UsageError
        When a text is not ``column=value``.
    """
    for text in texts or ():
        if text.find("=") < 1:
            raise UsageError(f"--given {text!r} is not COLUMN=VALUE; write e.g. --given sex=Female or age=30..40")
    return list(texts or ())


def seconds_from(text: str | None) -> float | None:
    """Turn ``90s``, ``5m``, ``1h30m`` or a number of seconds into seconds.

    Raises
    ------
    UsageError
        When it is no time above 0.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?", text.strip().lower())
    try:
        parts = [float(part or 0) for part in found.groups()] if found and text.strip() else []
    except ValueError:
        parts = []
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if not total > 0:
        raise UsageError(f"--time-limit {text!r} is no time; write e.g. 90s, 5m or 1h30m")
    return total


def said(context: typer.Context) -> set[str]:
    """Return the names of the parameters that the user typed."""
    names: Mapping[str, Any] = context.params
    return {name for name in names if str(getattr(context.get_parameter_source(name), "name", "")) == "COMMANDLINE"}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
