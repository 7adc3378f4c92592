"""How light the command line starts."""

import subprocess
import sys

HEAVY = ("numpy", "pandas", "sklearn", "pyarrow", "scipy", "torch", "duckdb", "pydantic")


def test_the_commands_load_nothing_heavy():
    code = f"import sys, fidelia.cli, fidelia.cli.app; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
