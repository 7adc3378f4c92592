"""Ask `fidelia enhance` about real tables and write the answers into benchmarks/RESULTS.md.

    .venv/bin/python benchmarks/enhance.py                                  all sets, seed 0; about an hour on one core
    .venv/bin/python benchmarks/enhance.py --sets german_credit --repeats 5

Six tables at a tenth of the training data (augment), two with a rare class (rebalance). The answer of each stands in
out/enhance/<set>.json; sets that have one are not tried again (--fresh does).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FIDELIA_SHARED", ROOT.parent / "shared"))
OUT, RESULTS = ROOT / "out" / "enhance", ROOT / "benchmarks" / "RESULTS.md"
BEGIN, END = "<!-- enhance -->\n", "<!-- end enhance -->"
AUGMENT = ("telco_churn", "credit_data", "german_credit", "hr_attrition", "heart_cleveland", "student_performance")
REBALANCE = ("shoppers", "hypothyroid")
ARMS = ("real + synthetic x 1", "real + synthetic x 4", "distilled", "best", "noise", "mixup", "real, repeated")
RARE = ("class weights", "oversampling", "SMOTE", "synthetic rebalanced")


def main() -> None:
    arguments = parser().parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    for name in arguments.sets:
        if arguments.fresh or not (OUT / f"{name}.json").exists():
            ask(name, arguments)
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in OUT.glob("*.json")}
    text = "\n\n".join("\n".join(part) for part in tables(found) if len(part) > 2)
    print(text)
    before, begin, after = RESULTS.read_text(encoding="utf-8").partition(BEGIN)
    if not begin:
        sys.exit(f"{RESULTS} has no line {BEGIN.strip()}")
    RESULTS.write_text(f"{before}{BEGIN}{text}\n{END}{after.partition(END)[2]}", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    found.add_argument("--sets", nargs="+", default=[*AUGMENT, *REBALANCE])
    found.add_argument("--repeats", type=int, default=2)
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--time-limit", type=float, help="seconds a set")
    found.add_argument("--fresh", action="store_true", help="try sets again that have an answer")
    return found


def ask(name: str, arguments: argparse.Namespace) -> None:
    """Ask about one set and keep the answer."""
    from fidelia.workflow.enhance import enhance

    folder = SHARED / "data" / name
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    question: dict[str, Any] = {"what": "rebalance"} if name in REBALANCE else {"share": 0.1}
    start = time.process_time()
    found = enhance(
        folder / "data.parquet",
        target=card["target"],
        repeats=arguments.repeats,
        seed=arguments.seed,
        time_limit=arguments.time_limit,
        **question,
    )
    answer = {**found.to_dict(), "seconds": time.process_time() - start}
    (OUT / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
    print(f"{name}: {answer['seconds']:.0f} s of processor time\n{found}", file=sys.stderr)


def tables(found: dict[str, dict[str, Any]]) -> Iterator[list[str]]:
    """The tables of the section: augmentation, auditing, rebalancing."""
    yield [*head(["set", "rows", "splits", "s", "learner", "real", *ARMS]), *lines(found, AUGMENT, ARMS)]
    yield [*head(["set", "learner", "audited", "not audited", "difference"]), *pairs(found, AUGMENT)]
    yield [*head(["set", "rows", "splits", "s", "learner", "real", *RARE]), *lines(found, REBALANCE, RARE)]
    yield [*head(["set", "learner", "synthetic", "SMOTE", "difference"]), *pairs(found, REBALANCE)]


def head(cells: list[str]) -> list[str]:
    return [line(cells), line(["---"] * len(cells))]


def line(cells: Any) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def lines(found: dict[str, dict[str, Any]], sets: tuple[str, ...], arms: tuple[str, ...]) -> Iterator[str]:
    for name in (name for name in sets if name in found):
        answer = found[name]
        facts = [name, answer["learnt"][0], answer["splits"]["done"], f"{answer['seconds']:.0f}"]
        for learner in [each["name"] for each in answer["learners"]]:
            by = {each["arm"]: each for each in answer["lines"] if each["learner"] == learner}
            base = next(iter(by.values()))["base"]
            yield line([*facts, learner, f"{base:.3f}", *(gain(by.get(arm)) for arm in arms)])


def pairs(found: dict[str, dict[str, Any]], sets: tuple[str, ...]) -> Iterator[str]:
    for name in (name for name in sets if name in found):
        for each in found[name]["pairs"]:
            yield line([name, each["learner"], f"{each['score']:.3f}", f"{each['base']:.3f}", gain(each)])


def gain(each: dict[str, Any] | None) -> str:
    """A difference with its joint interval, bold where that leaves out 0."""
    if each is None or each["joint_interval"] is None:
        return "-"
    low, high = each["joint_interval"]
    text = f"{each['gain']:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"**{text}**" if low > 0 or high < 0 else text


if __name__ == "__main__":
    main()
