"""How tests ask a server."""

import csv
import random
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette's test client asks for a package that few have yet
    from fastapi.testclient import TestClient

from fidelia.web.app import create_app
from fidelia.web.settings import Settings

TOKEN = "a-token-of-the-tests"
HOST = "http://127.0.0.1:8765"


def write_table(path: Path, rows: int = 120) -> Path:
    """A small table in which nothing is a copy: two numbers and two categories."""
    draw = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["age", "hours", "sex", "pay"])
        for _ in range(rows):
            age, hours = draw.gauss(40, 12), draw.gauss(38, 9)
            pay = "high" if age + hours + draw.gauss(0, 8) > 80 else "low"
            out.writerow([f"{age:.3f}", f"{hours:.2f}", draw.choice(["f", "m"]), pay])
    return path


def until(answer: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Return the first answer that is true."""
    end = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.05)
    return found


def connect(settings: Settings, **headers: str) -> TestClient:
    """A program that has the token, or what it is given instead."""
    given = headers or {"Authorization": f"Bearer {TOKEN}"}
    app = create_app(settings, at_once=0)
    return TestClient(app, base_url=HOST, headers=given, raise_server_exceptions=True)
