"""Fixtures of the tests of enhancement."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # made.py, which the tests of this folder share
