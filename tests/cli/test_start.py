"""How fast and how light the command line starts."""

import resource
import subprocess
import sys

HEAVY = ("numpy", "pandas", "sklearn", "pyarrow", "scipy", "torch", "duckdb", "pydantic")


def test_the_commands_load_nothing_heavy():
    code = f"import sys, fidelia.cli, fidelia.cli.app; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_help_takes_less_than_half_a_second(shell):
    """Half a second of processor time: what the clock shows on an idle machine, and the same on a busy one."""
    assert min(_seconds(shell) for _ in range(3)) < 0.5


def _seconds(shell) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert shell("--help").code == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
