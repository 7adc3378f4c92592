"""Progress on stderr: one bar per stage with the time left; plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from fidelia.progress import Tick

NAME_WIDTH = 26
BAR_WIDTH = 32
SHOWN_DEPTH = 2


class Bars:
    """The stages of the work as rows of a rich display: done ones with a tick and their time, open ones with a bar.

    A stage inside a stage is indented while it runs and goes away when it ends, so that what remains on the
    screen is short.
    """

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._open: list[TaskID] = []

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Tick]:
        """Open a row for the stage; see `fidelia.progress.Progress`."""
        depth = len(self._open)
        task = self._shown.add_task("  " * depth + name, total=total, visible=depth < SHOWN_DEPTH)
        self._open.append(task)
        try:
            yield lambda amount: self._shown.advance(task, amount)
        finally:
            self._open.remove(task)
        self._close(task, depth)

    def _close(self, task: TaskID, depth: int) -> None:
        if depth:
            self._shown.remove_task(task)
        else:
            self._shown.update(task, total=1, completed=1)
            self._shown.stop_task(task)


class Lines:
    """One line at the start of each outer stage, without control codes: for logs and pipes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._depth = 0

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Tick]:  # noqa: ARG002
        """Write the stage's name; see `fidelia.progress.Progress`."""
        if self._depth == 0:
            self._write(f"{name} ...")
        self._depth += 1
        try:
            yield lambda _amount: None
        finally:
            self._depth -= 1


@contextmanager
def on_terminal(console: Console) -> Iterator[Bars]:
    """Show bars on a terminal for as long as the work within lasts."""
    columns: tuple[ProgressColumn, ...] = (_Mark(), _Name(), _Bar(), _Time())
    with Progress(*columns, console=console, refresh_per_second=8, redirect_stdout=False) as shown:
        yield Bars(shown)


@contextmanager
def plain(console: Console) -> Iterator[Lines]:
    """Write lines as stages begin."""
    yield Lines(lambda line: console.print(line, soft_wrap=True, markup=False))


class _Mark(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("✓", style="green") if task.finished else Text("·", style="dim")


class _Name(ProgressColumn):
    def __init__(self) -> None:
        super().__init__(Column(width=NAME_WIDTH, no_wrap=True, overflow="ellipsis"))

    def render(self, task: Task) -> Text:
        return Text(task.description, style="dim" if task.finished or task.description.startswith(" ") else "")


class _Bar(BarColumn):
    """A bar while the stage runs, nothing once it is done."""

    def __init__(self) -> None:
        super().__init__(bar_width=BAR_WIDTH, style="bright_black", complete_style="cyan", finished_style="cyan")

    def render(self, task: Task) -> Text:  # type: ignore[override]
        return Text("") if task.finished else super().render(task)  # type: ignore[return-value]


class _Time(ProgressColumn):
    """How long a finished stage took; what is left of a running one, or how long it has run."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        if task.finished:
            return Text(seconds(task.finished_time or 0), style="dim")
        left = task.time_remaining
        if left is None or not task.total:
            return Text(seconds(task.elapsed or 0), style="dim")
        return Text(f"{task.percentage:3.0f} %  {seconds(left)} left", style="dim")


def seconds(value: float) -> str:
    """Say a duration shortly: ``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value // 60:.0f} min {value % 60:02.0f} s"
