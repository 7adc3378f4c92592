"""What the command line itself knows of the verbs, for their pages: first sentences, options, endings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console
from typer.main import get_command

from fidelia.cli import exits, machine, tables
from fidelia.cli.app import app
from fidelia.cli.options import HOW

if TYPE_CHECKING:
    from click import Command, Parameter

SHARED = {"quiet", "verbose", "debug", "as_json", "help"}
"""Options that verbs have in common; they stand once, on the page of all verbs."""
EXTRA = {"generator", "embedding", "extractor"}
"""Options whose values may ask for an extra."""
BETTER = "Better rows"
"""The options of audit that belong to curation."""
WORDS = re.compile(r"\[/?[a-z ]*\]")


def commands() -> dict[str, Command]:
    """Return the verbs, those of a group as "bench trilemma"."""
    found: dict[str, Command] = {}
    for name, command in get_command(app).commands.items():
        below = getattr(command, "commands", None)
        found |= {f"{name} {inner}": one for inner, one in below.items()} if below else {name: command}
    return found


def pages() -> Iterator[tuple[str, str]]:
    """Yield each made part: the list of verbs, and for each verb its options and endings."""
    known = commands()
    yield "verbs/index.md", overview(known)
    for name, command in known.items():
        yield f"made/{name.split()[0]}.md", part(command)
    better = [one for one in known["audit"].params if one.rich_help_panel == BETTER]
    yield "made/curate.md", "\n".join([*table(better), ""])
    yield "made/doctor.txt", f"$ fidelia doctor\n{examined()}\n"


def examined() -> str:
    """Return what `fidelia doctor` says of this machine."""
    paper = Console(width=96, color_system=None, file=StringIO())
    with paper.capture() as said:
        paper.print(tables.machine(machine.examine()))
    return "\n".join(line.rstrip() for line in said.get().splitlines()).strip("\n")


def overview(known: dict[str, Command]) -> str:
    """Return the page of all verbs."""
    panels = defaultdict(list)
    for name, command in known.items():
        panels[command.rich_help_panel if isinstance(command.rich_help_panel, str) else "Know"].append((name, command))
    lines = [
        "# The verbs",
        "",
        "One verb, one question. `fidelia VERB --help` has examples; each page here shows what a verb really prints on",
        "the shipped sample of *Adult*, the same from Python, and what to look out for.",
        "",
    ]
    for panel, verbs in panels.items():
        lines += [f"## {panel}", "", "| verb | question |", "|---|---|"]
        lines += [f"| [{name}]({name.split()[0]}.md) | {said(command)} |" for name, command in verbs]
        if panel.startswith("Judge"):
            lines += ["| [curate](curate.md) | Can a better table be had from the same generator, and is it better? |"]
        lines += [""]
    lines += ["## Options that all verbs share", "", *table(shared(known)), ""]
    lines += ["## How a command ends", "", *endings(set(codes())), ""]
    pages = dict.fromkeys(name.split()[0] for name in known)
    shown = [page for name in pages for page in ((name, "curate") if name == "audit" else (name,))]
    order = [f"{page} <{page}>" for page in shown]
    return "\n".join([*lines, AROUND, "```{toctree}", ":hidden:", "", *order, "```", ""])


AROUND = """Data and `--json` go to stdout; progress and messages go to stderr, so that `fidelia ... --json | jq` works
while bars are shown. `NO_COLOR` is obeyed, tables follow the width of the terminal, and Ctrl-C keeps what is done and
says what that is. No question is ever asked of a script. `fidelia --install-completion` sets up completion of verbs,
options, generators and metrics for your shell.

A path may be a csv, tsv, json, jsonl, parquet or xlsx file; for pictures a folder, an idx or npz file or parquet
([pictures](../images.md)); and `adult` is the sample that fidelia ships.
"""


def said(command: Command) -> str:
    """Return the first sentence or two of a verb's help."""
    return coded(re.sub(r"\s+", " ", WORDS.sub("", (command.help or "").split("\n\n")[0])).strip())


def coded(text: str) -> str:
    """Return a text with its bare options as code, so that their two hyphens stay two."""
    return re.sub(r"(?<![`\w-])(--[a-z-]+)(?!`)", r"`\1`", text)


def part(command: Command) -> str:
    """Return the options of a verb and how it may end."""
    own = [
        one
        for one in command.params
        if one.name not in SHARED and getattr(one, "rich_help_panel", None) not in (HOW, BETTER)
    ]
    names = {one.name for one in command.params}
    ends = {0, 2, 4, 130} if names - SHARED - {"what", "code"} else {0, 2}
    ends |= {3} if "gate" in names else set()
    ends |= {5} if names & EXTRA or command.name == "serve" else set()
    lines = ["## Options", "", *table(own), ""] if own else []
    lines += ["And [those that all verbs share](index.md#options-that-all-verbs-share).", ""]
    return "\n".join([*lines, "## How it ends", "", *endings(ends), ""])


def shared(known: dict[str, Command]) -> list[Parameter]:
    """Return one of each option that verbs share."""
    found = {one.name: one for command in known.values() for one in command.params if one.name in SHARED}
    return [found[name] for name in ("as_json", "quiet", "verbose", "debug") if name in found]


def table(parameters: list[Parameter]) -> Iterator[str]:
    """Yield a table of options."""
    yield "| option | meaning | default |"
    yield "|---|---|---|"
    for one in sorted(parameters, key=lambda one: one.param_type_name != "argument"):
        yield f"| {spelled(one)} | {coded(clean(getattr(one, 'help', '') or ''))} | {default(one)} |"


def spelled(one: Parameter) -> str:
    """Return how an option is written, with what it takes."""
    names = [] if one.param_type_name == "argument" else [*one.opts, *one.secondary_opts]
    levels = [str(level) for level in type(one.default)] if isinstance(one.default, Enum) else []
    words = ", ".join(names), one.metavar or "|".join(levels)
    return clean("`" + " ".join(word for word in words if word) + "`")


def default(one: Parameter) -> str:
    """Return what holds when an option is not given."""
    if one.required:
        return "required"
    shown = getattr(one, "show_default", None)
    if isinstance(shown, str):
        return clean(shown.strip("()"))
    if shown is False or one.default is None or one.default is False:
        return ""
    return f"`{getattr(one.default, 'value', one.default)}`"


def clean(text: Any) -> str:
    """Return a help text as it stands in a table."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").strip()


def codes() -> dict[int, str]:
    """Return the exit codes and their meaning, as the command line states them."""
    return {int(code): meaning for code, meaning in re.findall(r"^(\d+) +(.+)$", exits.__doc__ or "", re.MULTILINE)}


def endings(wanted: set[int]) -> Iterator[str]:
    """Yield a table of exit codes; 1 may always happen."""
    yield "| exit code | meaning |"
    yield "|---|---|"
    for code, meaning in codes().items():
        if code in wanted | {1}:
            yield f"| {code} | {meaning.replace('``', '`')} |"
