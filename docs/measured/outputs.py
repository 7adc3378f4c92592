"""Run each verb on the shipped sample and keep what it prints, for the pages of the verbs.

`python docs/measured/outputs.py` runs all of them (some ten minutes), `python docs/measured/outputs.py fit sample` only
those named; outputs/VERB.txt then holds the commands and what they said. The tables are cut from the shipped sample of
adult by `files`.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import fidelia as fd

PLACE = Path(__file__).with_name("outputs")
QUIET = {"COLUMNS": "96", "NO_COLOR": "1", "TERM": "dumb", "PYTHONWARNINGS": "ignore"}
SIDES = "--train train.csv --synthetic synthetic.csv --holdout holdout.csv"
COMMANDS = {
    "run": ["fidelia run adult --target income --out out --seed 0"],
    "fit": ["fidelia fit train.csv --target income -o adult.fidelia"],
    "sample": ['fidelia sample adult.fidelia -n 4 --given sex=Female --given "age=30..40"'],
    "impute": [
        "fidelia fit train.csv --generator autoregressive --time-limit 60s -o networks.fidelia",
        "fidelia impute networks.fidelia gaps.csv -o filled.csv",
    ],
    "evaluate": [f"fidelia evaluate {SIDES} --target income --out report"],
    "audit": [f"fidelia audit {SIDES} --target income -o audited.parquet"],
    "curate": [
        "fidelia audit --train train.csv --synthetic chowliu.csv --holdout holdout.csv -o audited.parquet \\\n"
        "    --curated curated.parquet --model chowliu.fidelia -n 1000"
    ],
    "enhance": ["fidelia enhance train.csv --target income --share 0.2 --repeats 1 --ratio 1 --learner linear"],
    "transfer": ["fidelia transfer men.fidelia women.csv --target income -o women.fidelia"],
    "adapt": ["fidelia adapt men.csv women.csv --target income -o rows.csv"],
    "fidelity": [f"fidelia fidelity {SIDES}"],
    "utility": [f"fidelia utility {SIDES} --target income"],
    "privacy": [f"fidelia privacy {SIDES} --known age --known sex --secret income"],
    "completeness": [f"fidelia completeness {SIDES}"],
    "stability": [
        "fidelia stability --train train.csv --synthetic synthetic.csv --synthetic second.csv --synthetic third.csv"
    ],
    "compare": [
        "fidelia compare --train train.csv --holdout holdout.csv \\\n"
        "    trees=synthetic.csv trees=second.csv trees=third.csv copula=copula.csv copula=copula2.csv"
    ],
    "report": [
        "fidelia report report/results.json -o page.html",
        f"fidelia evaluate {SIDES.replace('synthetic.csv', 'copula.csv')} --target income --out copula --quiet",
        "fidelia report --compare report/results.json copula/results.json -o compare.html",
    ],
    "gates": ["fidelia report report/results.json -o page.html --gate gate.toml --junit gate.xml"],
    "bench": ["fidelia bench trilemma --quick --generator trees --generator copula"],
    "selftest": ["fidelia selftest --quick --metric DIV01 --no-requirements"],
    "schema": ["fidelia schema train.csv --target income -o schema.json"],
    "list": ["fidelia list generators"],
    "explain": ["fidelia explain AUT02"],
}

GATE = """\
verdict = "attention"
[FID16]
below_reference = 0.02
[PRV02]
at_most = 0.55
"""


def files(folder: Path) -> None:
    """Write the tables and models that the commands name."""
    real = fd.read(fd.sample_path("adult"), target="income")
    parts = fd.split(real.take(range(4_500)), holdout=1 / 3, rng=fd.Rng(0))
    parts.train.write(str(folder / "train.csv"))
    parts.holdout.write(str(folder / "holdout.csv"))
    trees, copula, chowliu = (fd.fit(parts.train, generator=name, seed=0) for name in ("trees", "copula", "chowliu"))
    trees.save(folder / "adult.fidelia")
    chowliu.save(folder / "chowliu.fidelia")
    chowliu.sample_table(3_000, seed=0).write(str(folder / "chowliu.csv"))
    for seed, name in enumerate(("synthetic", "second", "third")):
        trees.sample_table(3_000, seed=seed).write(str(folder / f"{name}.csv"))
    for seed, name in enumerate(("copula", "copula2")):
        copula.sample_table(3_000, seed=seed).write(str(folder / f"{name}.csv"))
    frame = parts.train.native()
    rest = frame.drop(columns="sex")
    rest[frame["sex"] == "Male"].to_csv(folder / "men.csv", index=False)
    rest[frame["sex"] == "Female"].head(200).to_csv(folder / "women.csv", index=False)
    fd.fit(folder / "men.csv", target="income", seed=0).save(folder / "men.fidelia")
    gaps = parts.holdout.native().head(200)
    gaps.loc[np.random.default_rng(0).random(len(gaps)) < 0.3, "occupation"] = None
    gaps.to_csv(folder / "gaps.csv", index=False)
    (folder / "gate.toml").write_text(GATE, encoding="utf-8")


def printed(command: str, folder: Path) -> str:
    """Return what a command says, both streams in one, without colours."""
    words = [sys.executable, "-m", "fidelia.cli", *shlex.split(command.replace("\\\n", " "))[1:]]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(words, cwd=folder, env=os.environ | QUIET, text=True, check=False, **streams)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{command}\n{done.stdout}")
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.stdout)
    said = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in said.splitlines())).strip("\n")
    return "".join(f"{line}\n" for line in (said, f"$ echo $?\n{done.returncode}" * (done.returncode > 0)) if line)


def served(folder: Path) -> str:
    """Return what the server says when it starts, without the token, and when it is stopped."""
    words = [sys.executable, "-u", "-m", "fidelia.cli", "serve", "fidelia-runs", "--no-browser", "--port", "8765"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(words, cwd=folder, env=os.environ | QUIET, text=True, **streams) as server:
        said = [server.stdout.readline(), server.stdout.readline()]
        server.send_signal(signal.SIGINT)
        said += ["^C\n", *server.stdout.readlines()]
    text = re.sub(r"token=\S+", "token=...", "".join(said)).replace(str(folder.resolve()), "/home/me")
    return f"$ fidelia serve\n{text}"


def main(verbs: list[str]) -> None:
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        for verb in verbs or [*COMMANDS, "serve"]:
            if verb == "serve":
                (PLACE / "serve.txt").write_text(served(folder), encoding="utf-8")
                continue
            text = "".join(f"$ {command}\n{printed(command, folder)}" for command in COMMANDS[verb])
            (PLACE / f"{verb}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
