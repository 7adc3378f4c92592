"""Run `fidelia bench trilemma` and put its table and claims into benchmarks/RESULTS.md, its picture into docs/.

    .venv/bin/python benchmarks/trilemma.py                                 all generators, 3 minutes a fit
    .venv/bin/python benchmarks/trilemma.py --generator gan --generator vae --time-limit 1m

All arguments go to `fidelia bench trilemma`. With nine generators, two processors and 3 minutes a fit it takes about an
hour; an interrupted run goes on, and so does one whose folder (out/trilemma) has the lines of an earlier one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "trilemma"
RESULTS, PICTURE = ROOT / "benchmarks" / "RESULTS.md", ROOT / "docs" / "trilemma.svg"
BEGIN, END = "<!-- trilemma -->\n", "<!-- end trilemma -->"


def main() -> None:
    given = sys.argv[1:]
    if "--help" in given:
        sys.exit(__doc__)
    limit = [] if "--time-limit" in given else ["--time-limit", "3m"]
    command = [sys.executable, "-m", "fidelia.cli", "bench", "trilemma", *limit, *given, "--out", str(OUT)]
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(code)
    text = (OUT / "trilemma.md").read_text(encoding="utf-8")
    picture = f"![Quality over speed, with coverage and cost](../{PICTURE.relative_to(ROOT).as_posix()})\n"
    before, begin, after = RESULTS.read_text(encoding="utf-8").partition(BEGIN)
    if not begin:
        sys.exit(f"{RESULTS} has no line {BEGIN.strip()}")
    RESULTS.write_text(f"{before}{BEGIN}{picture}\n{text}{END}{after.partition(END)[2]}", encoding="utf-8")
    shutil.copyfile(OUT / "trilemma.svg", PICTURE)


if __name__ == "__main__":
    main()
