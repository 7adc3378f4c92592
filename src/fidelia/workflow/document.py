"""results.json: everything that was found, as one plain object without times or timings."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import fidelia
from fidelia.data.images.imageset import picture_column
from fidelia.data.keys import row_keys
from fidelia.measure.findings import ORDER, findings, judge

if TYPE_CHECKING:
    from fidelia.auditing.audited import Audited
    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.catalog import Declined
    from fidelia.measure.result import Result
    from fidelia.workflow.race import Race

FORMAT = 1
DIAGNOSED = {"DIV16", "DIV17"}
PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "duckdb")


def document(
    case: Case,
    results: list[Result],
    declined: list[Declined],
    audited: Audited,
    *,
    seed: int,
    edition: str,
    made_by: Mapping[str, Any] | None,
    notes: Sequence[str],
    race: Race | None = None,
) -> dict[str, Any]:
    """Return the object of results.json: plain data, the source of page and terminal.

    Parameters
    ----------
    audited : Audited
        The verdict of each row.
    seed, edition
        As in `fidelia.evaluate`.
    made_by : mapping or None
        What is known of the generator.
    notes : sequence of str
        What is to be said of the split.
    race : Race or None
        How the generator was chosen; its seconds are the only timings of a document.
    """
    from fidelia.auditing.audit import halves
    from fidelia.auditing.summary import shown, summary, verdict
    from fidelia.measure.diagnosis.diagnose import diagnosed

    raced, pictures = race.finding if race else None, picture_column(case.schema) is not None
    said = [*findings(results, pictures=pictures), *([raced] if raced else [])]
    found = sorted(said, key=lambda each: ORDER.index(each.severity))
    judged = judge(found, holdout=case.holdout is not None) if results else verdict(audited)
    judged = judged.of_pictures() if pictures else judged
    diagnosis = diagnosed(case) if DIAGNOSED & {result.code for result in results} else None
    if diagnosis is not None:
        judged = judged.with_diagnosis([each.named for each in diagnosis.verdicts if each.kind != "ideal"])
    against_train = audited.reference == "train"
    gallery = shown(case, audited, edition=edition)
    embedded = (case if against_train else halves(case).case).embedded
    real = (case.train, case.holdout) if against_train else (None, case.train)
    return {
        "format": FORMAT,
        "fidelia": fidelia.__version__,
        "edition": edition,
        "seed": seed,
        "embedding": {
            "name": embedded.name,
            "version": embedded.version,
            "hash": embedded.hash,
            "width": embedded.width,
        },
        "inputs": _inputs(case, real, made_by, notes),
        "verdict": judged.to_dict(),
        "results": [result.to_dict() for result in results],
        "findings": [finding.to_dict() for finding in found],
        "diagnosis": None if diagnosis is None else diagnosis.to_dict(),
        **({} if race is None else {"race": race.to_dict()}),
        "audit": summary(case, audited, edition=edition, whole=judged.level),
        **({} if gallery is None else {"pictures": gallery}),
        "not_computed": [{"code": said.code, "reason": said.reason} for said in declined],
        "schema": [
            {"name": c.name, "kind": str(c.kind), "role": str(c.role), "nullable": c.nullable, "reason": c.reason}
            for c in case.schema
        ],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def provenance(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an audit's tables say of themselves: the inputs and the settings, with hashes."""
    settings = {
        **{name: document[name] for name in ("fidelia", "seed", "embedding")},
        **{name: document["audit"][name] for name in ("q", "reference")},
    }
    said = {"inputs": document["inputs"], "settings": settings}
    return said | {"hash": hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}


def _inputs(
    case: Case, real: tuple[Table | None, Table | None], made_by: Mapping[str, Any] | None, notes: Sequence[str]
) -> dict[str, Any]:
    tables = {"train": real[0], "synthetic": case.synthetic, "holdout": real[1]}
    return {
        **{
            name: None
            if table is None
            else {"rows": len(table), "columns": len(table.schema), "sha256": fingerprint(table)}
            for name, table in tables.items()
        },
        "generator": None if made_by is None else dict(made_by),
        "target": case.schema.target,
        "notes": list(notes),
    }


def fingerprint(table: Table) -> str:
    """Return a hash of the rows' values and order, the same for the same content in any format."""
    digest = hashlib.sha256("\0".join(table.schema.names).encode())
    digest.update(row_keys(table, exclude_ids=False).tobytes())
    return digest.hexdigest()
