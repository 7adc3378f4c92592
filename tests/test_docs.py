"""The code of README and pages runs as it stands; the site says of every metric, verb and name what it is."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.main import get_command

import fidelia as fd
from fidelia.measure.catalog import entries

ROOT = Path(__file__).parent.parent
README, DOCS = ROOT / "README.md", ROOT / "docs"
MEASURED = DOCS / "measured"
SLOW = {
    "curation",
    "enhancement",
    "reading",
    "verbs/adapt",
    "verbs/curate",
    "verbs/enhance",
    "verbs/impute",
    "verbs/transfer",
}
ELSEWHERE = {"images"}  # tests/workflow/test_pictures.py runs its code


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def with_code() -> list[str]:
    """The pages with code in Python, made ones aside."""
    pages = [
        page for page in DOCS.rglob("*.md") if page.relative_to(DOCS).parts[0] not in {"_build", "metrics", "made"}
    ]
    names = [page.relative_to(DOCS).with_suffix("").as_posix() for page in pages if blocks(page)]
    return sorted(set(names) - ELSEWHERE)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name, cut from the shipped sample."""
    folder = tmp_path_factory.mktemp("tables")
    rows = pq.read_table(fd.sample_path("adult"))
    for name, part in {
        "train": rows.slice(0, 600),
        "holdout": rows.slice(600, 300),
        "adult": rows.slice(0, 1_200),
    }.items():
        fd.read(part).write(str(folder / f"{name}.csv"))
        pq.write_table(part, folder / f"{name}.parquet")
    pq.write_table(rows.slice(0, 400).rename_columns([*rows.column_names[:-1], "Churn"]), folder / "churn.parquet")
    for place, name in enumerate(("synthetic", "first", "second", "third", "copula", "copula2")):
        part = rows.slice(500 + 250 * place, 250)
        fd.read(part).write(str(folder / f"{name}.csv"))
        pq.write_table(part, folder / f"{name}.parquet")
    model = fd.fit(folder / "train.csv", target="income", generator="chowliu", seed=0)
    for name in ("adult", "chowliu", "model"):
        model.save(folder / f"{name}.fidelia")
    frame = rows.slice(0, 1_500).to_pandas()
    rest = frame.drop(columns="sex")
    rest[frame["sex"] == "Male"].to_csv(folder / "men.csv", index=False)
    rest[frame["sex"] == "Female"].head(200).to_csv(folder / "women.csv", index=False)
    gaps = rows.slice(0, 100).to_pandas()
    gaps.loc[np.arange(100) % 3 == 0, "occupation"] = None
    gaps.to_csv(folder / "gaps.csv", index=False)
    return folder


@pytest.fixture
def small(tables: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tables)
    monkeypatch.setattr(fd, "sample_path", lambda name: tables / f"{name}.parquet")
    return tables


def execute(page: Path) -> int:
    names: dict[str, object] = {}
    found = blocks(page)
    for block in found:
        exec(compile(block, str(page), "exec"), names)
    return len(found)


def test_readme_code_runs(small: Path) -> None:
    assert execute(README) == 2
    assert (small / "report.html").stat().st_size > 10_000
    assert (small / "synthetic.parquet").is_file()


@pytest.mark.parametrize("name", [n if n not in SLOW else pytest.param(n, marks=pytest.mark.slow) for n in with_code()])
def test_the_code_of_a_page_runs(name: str, small: Path) -> None:
    assert execute(DOCS / f"{name}.md")


@pytest.mark.parametrize("code", ["FID02", "STB02", "PRV19", "FAI03"])
def test_the_code_of_a_metrics_page_runs(code: str, pages: dict[str, str], small: Path) -> None:
    found = re.findall(r"^```python\n(.*?)^```", pages[f"metrics/{code}.md"], flags=re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    exec(compile(found[0], code, "exec"), {})


def commands() -> dict[str, object]:
    from fidelia.cli.app import app

    return dict(get_command(app).commands)


def test_readme_names_only_commands_that_exist() -> None:
    said = set(re.findall(r"`fidelia ([a-z]+)", README.read_text(encoding="utf-8")))
    assert {"run", "fit", "sample", "evaluate", "audit"} <= said <= set(commands())


@pytest.fixture(scope="module")
def site() -> ModuleType:
    """The module that makes the pages of the site."""
    sys.path.insert(0, str(DOCS))
    spec = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(DOCS))
    return module


@pytest.fixture(scope="module")
def pages(site: ModuleType) -> dict[str, str]:
    return dict(site.pages())


def test_each_metric_has_a_page_that_says_what_it_is(pages: dict[str, str]) -> None:
    for code, entry in entries().items():
        page = pages[f"metrics/{code}.md"]
        assert page.startswith(f"# {code}: {entry.name}\n")
        for said in (entry.summary, entry.formula, entry.source):
            assert said in page
        assert f"[{code}]({code}.md)" in pages["metrics/index.md"]


def test_the_reference_has_every_public_name_and_the_tour_every_script(pages: dict[str, str]) -> None:
    assert {f"   {name}" for name in fd.__all__} <= set(pages["reference.md"].splitlines())
    for script in (ROOT / "examples").glob("*.py"):
        assert f"{{literalinclude}} ../examples/{script.name}\n" in pages["examples.md"]


def test_pages_show_values_of_real_runs(pages: dict[str, str]) -> None:
    values = json.loads((DOCS / "values.json").read_text(encoding="utf-8"))
    assert set(values) <= set(entries())
    assert len(values) > 80
    assert values["FID16"]["fresh real"] > values["FID16"]["marginals"] + 0.2
    shown = "| fresh real | trees | copula | marginals | noisy-copy |"
    assert shown in pages["metrics/FID16.md"]


def test_each_verb_has_a_page_with_its_options_and_what_it_prints(pages: dict[str, str]) -> None:
    for name, command in commands().items():
        page = (DOCS / "verbs" / f"{name}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {name}: ")
        assert f"made/{name}.md" in page
        assert "## What to look out for" in page and "## See also" in page
        assert f"({name}.md)" in pages["verbs/index.md"]
        shown = pages[f"made/{name}.md"] + pages["made/curate.md"] * (name == "audit") + pages["verbs/index.md"]
        assert {option for option in options(command) if option not in shown} <= {"--help"}


def options(command: object) -> set[str]:
    """The long options of a verb, those of the verbs below it included."""
    below = getattr(command, "commands", {}).values()
    params = getattr(command, "params", [])
    own = {option for one in params for option in (*one.opts, *one.secondary_opts) if option.startswith("--")}
    return own.union(*(options(one) for one in below))


def test_what_verbs_print_is_of_commands_that_exist() -> None:
    known = commands()
    texts = {place.stem: place.read_text(encoding="utf-8") for place in (MEASURED / "outputs").glob("*.txt")}
    assert set(known) - {"doctor"} <= set(texts)
    for name, text in texts.items():
        assert ("Error: " in text) == (name == "gates")
        assert "/tmp" not in text
        for line in re.findall(r"^\$ fidelia (.*(?:\\\n.*)*)", text, flags=re.MULTILINE):
            assert set(re.findall(r"(?<= )--[a-z-]+", line)) <= options(known[line.split()[0]])


def test_the_exit_codes_stand_on_the_page_of_all_verbs(pages: dict[str, str]) -> None:
    for code in (0, 1, 2, 3, 4, 5, 130):
        assert f"\n| {code} | " in pages["verbs/index.md"]
    assert "| 3 |" in pages["made/evaluate.md"]
    assert "| 3 |" not in pages["made/sample.md"]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, MEASURED / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LONG = {"wrong_filter", "grows_with_rows", "half_is_lost", "judged_on_its_own_rows", "wrong_index"}
STORED = json.loads((MEASURED / "errors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name", [name if name not in LONG else pytest.param(name, marks=pytest.mark.slow) for name in STORED]
)
def test_the_errors_shown_are_what_the_demonstration_measures(name: str) -> None:
    if name in {"judged_on_its_own_rows", "inert_radius"}:
        pytest.importorskip("torch")
    found = load("errors").CASES[name]()
    assert found == pytest.approx(STORED[name], abs=0.02 if name == "judged_on_its_own_rows" else 0.002)


def test_the_errors_are_errors() -> None:
    for name in ("wrong_index", "half_for_the_perfect", "half_is_lost", "grows_with_rows", "judged_on_its_own_rows"):
        case = STORED[name]
        assert abs(case["fidelia"] - case["answer"]) < 0.05 < abs(case["public"] - case["answer"]) - 0.2, name
    assert STORED["wrong_filter"]["fidelia"] == 0 < STORED["wrong_filter"]["public"]
    assert STORED["judged_on_its_own_rows"]["public copies"] > STORED["judged_on_its_own_rows"]["public"]


def test_the_faults_of_the_picture_are_named() -> None:
    faces = json.loads((MEASURED / "faces.json").read_text(encoding="utf-8"))
    said = {name: face["diagnosis"] for name, face in faces.items()}
    assert said["fresh real rows"] == ["ideal"]
    assert said["two of five modes lost"] == ["mode_collapse"]
    assert said["copies"] == ["memorisation"]


def test_scores_are_surer_with_more_rows() -> None:
    rows = json.loads((MEASURED / "rows.json").read_text(encoding="utf-8"))
    for code in ("FID16", "DIV01", "AUT01"):
        widths = [of["fresh real"][code]["width"] for of in rows.values()]
        assert widths == sorted(widths, reverse=True)
