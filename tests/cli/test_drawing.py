"""The bars and the card."""

import io
import re

import pytest
from rich.console import Console

from fidelia.cli.bars import on_terminal, plain, seconds
from fidelia.cli.card import drawn, judged, listed
from fidelia.report.notation import size


def text(what: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(what)
    return console.file.getvalue()


def line(page: str, name: str) -> str:
    return next(row for row in page.splitlines() if name in row)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_card_shows_the_value_the_reference_and_a_word_on_one_line(document, width):
    page = text(drawn(document, width), width)
    row = line(page, "alpha-precision")
    assert "0.962" in row and "0.975" in row
    assert re.search(r"0\.085 below", line(page, "pairs of columns"))
    assert max(len(row.rstrip()) for row in page.splitlines()) <= width


def test_card_shows_verdict_audit_and_what_was_not_measured(document):
    page = text(drawn(document, 140), 140)
    assert page.split("\n")[1].strip() == "Like fresh real data."
    assert "95 accepted · 4 to review · 1 rejected" in page and "surplus" not in page
    assert "not measured: no target column is declared" in page and "NEEDS_TARGET" not in page


def test_card_of_an_audit_alone_says_the_reasons(document):
    reason = {"code": "NEAR_COPY", "rows": 1200, "text": "closer to a training row than fresh real rows come"}
    page = text(judged(document["audit"] | {"reasons": [reason]}), 80)
    assert "95 accepted" in page
    assert all(said in line(page, "NEAR_COPY") for said in ("1,200", "closer to a training row"))


def test_card_without_an_audit(document):
    assert "accepted" not in text(drawn(document | {"audit": None}, 80), 80)


def test_plain_lines_have_no_control_codes():
    console = Console(file=io.StringIO(), width=80)
    with plain(console) as progress, progress.stage("fit [trees]", 3) as tick:
        tick(3)
        with progress.stage("inner"):
            pass
    assert console.file.getvalue() == "fit [trees] ...\n"


def test_bars_leave_a_tick_per_outer_stage():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with on_terminal(console) as progress:
        with progress.stage("fit trees", 4) as tick:
            tick(1)
            with progress.stage("inner") as inner:
                inner(1)
        with progress.stage("measure"):
            pass
    last = console.file.getvalue().rpartition("✓ fit trees")[2]
    assert "✓ measure" in last and "inner" not in last and "·" not in last


def test_bars_survive_an_error_and_name_the_stage_that_stopped():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with pytest.raises(KeyboardInterrupt), on_terminal(console) as progress, progress.stage("fit trees", 4):
        raise KeyboardInterrupt
    assert "· fit trees" in console.file.getvalue()


@pytest.mark.parametrize(("value", "said"), [(0.42, "0.4 s"), (12.3, "12 s"), (185, "3 min 05 s")])
def test_seconds(value, said):
    assert seconds(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2e7, "20 MB"), (3e9, "3.0 GB")]
)
def test_size(value, said):
    assert size(value) == said


def test_a_folder_that_was_written_has_the_size_of_its_files(tmp_path):
    (tmp_path / "drawn" / "3").mkdir(parents=True)
    for name in ("1.png", "2.png"):
        (tmp_path / "drawn" / "3" / name).write_bytes(bytes(1_000))
    (tmp_path / "drawn.npz").write_bytes(bytes(500))
    page = text(listed([tmp_path / "drawn", tmp_path / "drawn.npz"]), 100)
    assert line(page, "drawn ").split() == ["drawn", "2.0", "kB"]
    assert line(page, "drawn.npz").split() == ["drawn.npz", "500", "B"]
