"""Measure every metric on real runs, for the pages of the metrics: `python docs/values.py` writes docs/values.json.

The shipped sample of adult, 3,000 rows to learn from and 1,500 to measure with, seed 0; three generators of very
different worth and one that copies.
"""

import json
from pathlib import Path

import fidelia as fd

GENERATORS = ("trees", "copula", "marginals", "noisy-copy")
PLACE = Path(__file__).with_name("values.json")


def main() -> None:
    real = fd.read(fd.sample_path("adult"), target="income").take(range(4_500))
    parts = fd.split(real, holdout=1 / 3, rng=fd.Rng(0))
    found: dict[str, dict[str, float]] = {}
    for name in GENERATORS:
        made = fd.fit(parts.train, generator=name, seed=0).sample_table(len(parts.train), seed=0)
        outcome = fd.evaluate(parts.train, made, holdout=parts.holdout, codes=["all"], seed=0)
        for result in outcome.document["results"]:
            row = found.setdefault(result["code"], {})
            if result["value"] is not None:
                row[name] = round(result["value"], 4)
            if result["reference"] and result["reference"]["value"] is not None:
                row["fresh real"] = round(result["reference"]["value"], 4)
    PLACE.write_text(json.dumps({code: found[code] for code in sorted(found)}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
