"""What `fidelia doctor` finds out: the machine, the versions of what fidelia stands on, its extras."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

import fidelia

OFFLINE = "fidelia opens no network connection: no telemetry, no downloads; the report works offline."
NOT_FOR_USERS = frozenset({"all", "test", "bench", "docs"})
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional group of dependencies, and what is missing of it."""

    name: str
    packages: dict[str, str | None]

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name, found in self.packages.items() if found is None]

    @property
    def install(self) -> str:
        """The command that installs the group."""
        return f"pip install 'fidelia[{self.name}]'"


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the installation.

    Parameters
    ----------
    memory, free : float or None
        Gigabytes; None where the system does not say.
    packages : dict
        Version of each dependency; None when it is not installed.
    """

    fidelia: str
    python: str
    platform: str
    cores: int
    memory: float | None
    free: float | None
    packages: dict[str, str | None]
    extras: list[Extra]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        extras = {e.name: {"present": not e.missing, "packages": e.packages, "install": e.install} for e in self.extras}
        return {**asdict(self), "extras": extras, "network": OFFLINE}


def examine() -> Machine:
    """Look at this machine; nothing is changed, nothing is sent."""
    return Machine(
        fidelia=fidelia.__version__,
        python=platform.python_version(),
        platform=platform.platform(terse=True),
        cores=_cores(),
        memory=_gigabytes("SC_PHYS_PAGES"),
        free=_gigabytes("SC_AVPHYS_PAGES"),
        packages={name: _version(name) for name, extra in _requirements() if extra is None},
        extras=extras(),
    )


def extras() -> list[Extra]:
    """Return the optional groups of dependencies, each with what is there of it."""
    needed = list(_requirements())
    groups = dict.fromkeys(extra for _name, extra in needed if extra and extra not in NOT_FOR_USERS)
    return [Extra(group, {n: _version(n) for n, extra in needed if extra == group}) for group in groups]


def _requirements() -> Iterator[tuple[str, str | None]]:
    """Give the name of each dependency and the extra that it belongs to."""
    for line in requires("fidelia") or ():
        name, extra = _REQUIREMENT.match(line), _EXTRA.search(line)
        if name and name[1] != "fidelia":
            yield name[1], extra[1] if extra else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cores() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def _gigabytes(pages: str) -> float | None:
    try:
        return round(os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None
