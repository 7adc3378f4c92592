"""What the experiments share: a table, arms that run over seeds and are kept as they come, a result, a picture, a page.

    python experiments/NAME.py                      whatever is still missing of five seeds
    python experiments/NAME.py --time-limit 300     no further run begins after 300 s; the same command goes on
    python experiments/NAME.py --quick              tiny tables and networks: to see that everything runs

A finished run is a line in ``NAME.jsonl`` with all that its numbers depend on; other settings make other lines. When
all runs are there, ``experiments/results/NAME.json``, ``docs/experiments/NAME.svg`` and the section of
``docs/experiments.md`` are written; with --out or --quick all three go to a folder instead.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import fidelia
from fidelia.data.atomic import atomic
from fidelia.data.table import Table
from fidelia.errors import FideliaError
from fidelia.measure.result import plain
from fidelia.report.charts import Chart
from fidelia.report.trilemma import drawing
from fidelia.rng import Rng
from fidelia.workflow.document import fingerprint

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "experiments.md"
UNFINISHED = 75
"""Exit code of a command that has to be given again."""
log = logging.getLogger("experiments")

Settings = dict[str, Any]
Found = dict[str, Any]
Runs = dict[str, list[Found]]


class Page(NamedTuple):
    """A section of the page: Markdown, and the charts of its picture."""

    text: str
    charts: list[Chart]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One experiment.

    Parameters
    ----------
    name : str
        Of its files.
    source : callable
        From the path of ``--data`` (None: the shared table) to the real table.
    arms : callable
        From ``quick`` to the arms by name, each with its settings.
    arena : callable
        ``(table, rng, quick)`` to what all arms of a seed share: the real rows.
    measure : callable
        ``(arena, settings, seed)`` to what a run found, JSON values.
    summary : callable
        From the runs by arm, in the order of seeds, to the result.
    page : callable
        From the document to its `Page`.
    """

    name: str
    source: Callable[[Path | None], Table]
    arms: Callable[[bool], Mapping[str, Settings]]
    arena: Callable[[Table, Rng, bool], Any]
    measure: Callable[[Any, Settings, int], Found]
    summary: Callable[[Runs], Found]
    page: Callable[[Found], Page]

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """Run what is missing, and write the results when all is there."""
        asked = _parser(self.name).parse_args(arguments)
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        out = asked.out or ROOT / "out" / "experiments" / ("quick" if asked.quick else "")
        out.mkdir(parents=True, exist_ok=True)
        table = self.source(asked.data) if asked.target is None else fidelia.read(asked.data, target=asked.target)
        runs = self._runs(table, asked, Kept(out / f"{self.name}.jsonl"))
        if runs is None:
            log.info("not finished: the same command goes on")
            sys.exit(UNFINISHED)
        document = {**_about(self.name, table, asked), "summary": plain(self.summary(runs)), "runs": runs}
        _write(document, self.page(document), out if asked.out or asked.quick else None)

    def _runs(self, table: Table, asked: argparse.Namespace, kept: Kept) -> Runs | None:
        """Return the runs by arm; None when the time was over before all were there."""
        start, data, arms = perf_counter(), fingerprint(table), self.arms(asked.quick)
        runs: Runs = {name: [] for name in arms}
        missing = 0
        for seed in range(asked.seeds):
            arena = None
            for name, settings in arms.items():
                key = {"arm": name, **settings, "seed": seed, "quick": asked.quick, "data": data}
                found = kept.get(key)
                if found is None and perf_counter() - start < asked.time_limit:
                    begun = perf_counter()
                    arena = arena or self.arena(table, Rng(seed), asked.quick)
                    found = kept.put(key, self._measured(arena, name, settings, seed))
                    log.info("%s, %s, seed %d: %.1f s", self.name, name, seed, perf_counter() - begun)
                missing += found is None
                runs[name].append(found or {})
        return None if missing else runs

    def _measured(self, arena: Any, name: str, settings: Settings, seed: int) -> Found:
        try:
            return plain(self.measure(arena, settings, seed))  # type: ignore[no-any-return]
        except FideliaError as error:
            sys.exit(f"{self.name}, {name}, seed {seed}: {error}")


@dataclass(frozen=True, slots=True)
class Kept:
    """Finished runs, a JSON line each, by the settings that they depend on.

    Parameters
    ----------
    path : Path
        Of the file. A last line that an interrupt cut short does not count.
    """

    path: Path
    lines: dict[str, Found] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is there."""
        text = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        self.lines.update({_key(line["settings"]): line["found"] for line in map(json.loads, whole)})

    def get(self, settings: Settings) -> Found | None:
        """Return what a run with these settings found, None when there was none."""
        return self.lines.get(_key(settings))

    def put(self, settings: Settings, found: Found) -> Found:
        """Keep and return what a run found."""
        self.lines[_key(settings)] = found
        with atomic(self.path) as draft:
            lines = [{"settings": json.loads(key), "found": found} for key, found in self.lines.items()]
            draft.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines), encoding="utf-8")
        return found


def _key(settings: Settings) -> str:
    return json.dumps(plain(settings), sort_keys=True)


def _parser(name: str) -> argparse.ArgumentParser:
    assert __doc__ is not None
    found = argparse.ArgumentParser(
        prog=f"experiments/{name}.py",
        description=__doc__.replace("NAME", name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("--data", type=Path, metavar="PATH", help="where the data are, if not in ../shared/data")
    found.add_argument("--target", metavar="COLUMN", help="--data is any other table, and this is what to predict")
    found.add_argument("--seeds", type=int, default=5, metavar="N", help="how often everything is done (5)")
    found.add_argument("--time-limit", type=float, default=float("inf"), metavar="SECONDS")
    found.add_argument("--quick", action="store_true", help="tiny tables and networks")
    found.add_argument("--out", type=Path, metavar="FOLDER", help="for the runs and all that is written")
    return found


def shared(name: str, way: str) -> Path:
    """Return the folder of a real data set beside the repository, or say how to get it.

    Parameters
    ----------
    name : str
        Of its folder in ``../shared/data``, or in that of the environment's variable ``FIDELIA_SHARED``.
    way : str
        How to get the data where they are not there.
    """
    folder = Path(os.environ.get("FIDELIA_SHARED", ROOT.parent / "shared")) / "data" / name
    if not folder.is_dir():
        sys.exit(f"no folder {name} in ../shared/data. {way} Then give it with --data PATH.")
    return folder


def _about(name: str, table: Table, asked: argparse.Namespace) -> Found:
    data = {"rows": len(table), "columns": table.schema.names, "target": table.schema.target}
    return {
        "experiment": name,
        "fidelia": fidelia.__version__,
        "data": {**data, "sha256": fingerprint(table)},
        "seeds": asked.seeds,
        "quick": asked.quick,
    }


def _write(document: Found, page: Page, folder: Path | None) -> None:
    """Write result, picture and text: to a folder, or to their places in the repository."""
    name, picture = document["experiment"], drawing(page.charts)
    result = "{\n" + ",\n".join(f'"{key}": {_lines(value)}' for key, value in document.items()) + "\n}\n"
    if folder is not None:
        texts = {folder / f"{name}.json": result, folder / f"{name}.svg": picture, folder / f"{name}.md": page.text}
    else:
        svg = PAGE.parent / "experiments" / f"{name}.svg"
        texts = {ROOT / "experiments" / "results" / f"{name}.json": result, svg: picture, PAGE: _section(name, page)}
    for path, text in texts.items():
        with atomic(path) as draft:
            draft.write_text(text, encoding="utf-8")
        log.info("%s", path)


def _lines(value: Any) -> str:
    """Return JSON with a line for each entry of a mapping."""
    if not isinstance(value, Mapping):
        return json.dumps(value, allow_nan=False)
    return "{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in value.items()) + "\n}"


def _section(name: str, page: Page) -> str:
    """Return the page with the text between the two marks of an experiment written anew."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    before, mark, after = PAGE.read_text(encoding="utf-8").partition(begin)
    if not mark:
        sys.exit(f"{PAGE} has no line {begin.strip()}")
    return (
        f"{before}{begin}![{page.charts[0].label}](experiments/{name}.svg)\n\n{page.text}{end}{after.partition(end)[2]}"
    )
