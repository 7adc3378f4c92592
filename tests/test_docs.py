"""The README's code runs, on small data, as it stands; the site says of every metric and name what it is."""

import importlib.util
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fidelia as fd
from fidelia.measure.catalog import entries

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the README names, cut from the shipped sample."""
    rows = pq.read_table(fd.sample_path("adult"))
    pq.write_table(rows.slice(0, 600), tmp_path / "train.parquet")
    pq.write_table(rows.slice(600, 300), tmp_path / "holdout.parquet")
    pq.write_table(rows.slice(0, 1_200), tmp_path / "adult.parquet")
    fd.read(rows.slice(900, 600)).write(str(tmp_path / "synthetic.csv"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fd, "sample_path", lambda name: tmp_path / f"{name}.parquet")
    return tmp_path


def test_readme_code_runs(small: Path) -> None:
    assert len(BLOCKS) == 2
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, str(README), "exec"), names)
    assert (small / "report.html").stat().st_size > 10_000
    assert (small / "synthetic.parquet").is_file()
    assert (small / "adult.fidelia").is_file()


def test_readme_names_only_commands_that_exist() -> None:
    from fidelia.cli.app import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {str(group.name or group.typer_instance.info.name) for group in app.registered_groups}
    said = set(re.findall(r"`fidelia ([a-z]+)", README.read_text(encoding="utf-8")))
    assert {"run", "fit", "sample", "evaluate", "audit"} <= said <= known


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The pages of the site that are made of the catalogue."""
    place = README.parent / "docs" / "pages.py"
    spec = importlib.util.spec_from_file_location("pages", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.pages())


def test_each_metric_has_a_page_that_says_what_it_is(pages: dict[str, str]) -> None:
    for code, entry in entries().items():
        page = pages[f"metrics/{code}.md"]
        assert page.startswith(f"# {code}: {entry.name}\n")
        for said in (entry.summary, entry.formula, entry.source):
            assert said in page
        assert f"[{code}]({code}.md)" in pages["metrics/index.md"]


def test_the_reference_has_every_public_name_and_the_tour_every_script(pages: dict[str, str]) -> None:
    assert {f"   {name}" for name in fd.__all__} <= set(pages["reference.md"].splitlines())
    for script in (README.parent / "examples").glob("*.py"):
        assert f"{{literalinclude}} ../examples/{script.name}\n" in pages["examples.md"]


def test_pages_show_values_of_real_runs(pages: dict[str, str]) -> None:
    values = json.loads((README.parent / "docs" / "values.json").read_text(encoding="utf-8"))
    assert set(values) <= set(entries())
    assert len(values) > 80
    assert values["FID16"]["fresh real"] > values["FID16"]["marginals"] + 0.2
    shown = "| fresh real | trees | copula | marginals | noisy-copy |"
    assert shown in pages["metrics/FID16.md"]
