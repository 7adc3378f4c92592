"""Attacks are tested on the tables of tests/measure, and on laws whose leak is known."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "measure"))  # tables.py
