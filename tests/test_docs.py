"""The README's code runs, on small data, as it stands."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fidelia as fd

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
