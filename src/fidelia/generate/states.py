"""What generators without networks share when they are saved: parameters, coder, axes, checked arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.encode.columns import TableCoder
from fidelia.encode.levels import LevelCoder
from fidelia.encode.numbers import NumberCoder
from fidelia.errors import BundleError, FideliaError
from fidelia.generate.catalog import State
from fidelia.generate.values import Axis, LevelAxis, NumberAxis, axes_state, restore_axes

if TYPE_CHECKING:
    from fidelia.encode.codes import Floats

FAULTS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, ArithmeticError, AssertionError)
"""What reading a damaged state may raise; it becomes a BundleError."""


def parameters(generator: Any) -> dict[str, Any]:
    """Return the constructor's parameters of a dataclass generator."""
    return {item.name: getattr(generator, item.name) for item in fields(generator) if item.init}


def sealed(generator: Any, coder: TableCoder, axes: dict[str, Axis], **more: Any) -> State:
    """Return a State of parameters, coder and axes; arrays among `more` become arrays, the rest JSON values."""
    said, arrays = axes_state(axes)
    found = {name: value for name, value in more.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in more.items() if name not in found}
    values = {"parameters": parameters(generator), "coder": coder.state(), "axes": said, **plain}
    return State(values, {**arrays, **found})


@dataclass(frozen=True, slots=True)
class Parts:
    """A State being read."""

    state: State
    parameters: dict[str, Any]
    coder: TableCoder

    def axes(self, *, values_only: bool = False) -> dict[str, Axis]:
        """Return the axes, each checked against its column's coder; `values_only` when they hold no missing part."""
        made = restore_axes(self.state.values["axes"], self.state.arrays)
        if list(made) != modelled(self.coder):
            raise ValueError("the axes are not those of the columns")
        for name, axis in made.items():
            check_axis(axis, self.coder, name)
            if values_only and isinstance(axis, NumberAxis) and axis.full not in (0.0, 1.0):
                raise ValueError("an axis holds missing values")
        return made

    def array(self, name: str, shape: tuple[int, ...], kind: type = np.float64) -> Any:
        """Return an array of exactly this shape and type, finite."""
        array = self.state.arrays[name]
        if array.shape != shape or array.dtype != np.dtype(kind) or not np.isfinite(array).all():
            raise ValueError(f"array {name!r} is {array.dtype}{list(array.shape)}, not {np.dtype(kind)}{list(shape)}")
        return array

    def positive(self, name: str, shape: tuple[int, ...]) -> Floats:
        """Return an array of shares: not negative."""
        array: Floats = self.array(name, shape)
        if (array < 0).any():
            raise ValueError(f"array {name!r} holds negative shares")
        return array


@contextmanager
def opened(state: State) -> Iterator[Parts]:
    """Read a State; whatever does not fit becomes a BundleError."""
    with fitting():
        yield Parts(state, said_parameters(state), TableCoder.restore(state.values["coder"]))


def said_parameters(state: State) -> dict[str, Any]:
    """Return the constructor's parameters that a State says."""
    return {str(name): value for name, value in state.values["parameters"].items()}


@contextmanager
def fitting() -> Iterator[None]:
    """Turn whatever reading a damaged state raises into a BundleError."""
    try:
        yield
    except FAULTS as error:
        raise BundleError(f"the model does not fit together: {error}") from error
    except BundleError:
        raise
    except FideliaError as error:
        raise BundleError(f"the model does not fit together: {error}") from error


def modelled(coder: TableCoder) -> list[str]:
    """Return the names of the columns that `TableCoder.code` gives."""
    return [
        name for name, one in coder.coders.items() if isinstance(one, NumberCoder | LevelCoder) or name in coder.gaps
    ]


def levels(coder: TableCoder, name: str) -> int | None:
    """Return how many codes a column has, None for a continuous one."""
    one = coder.coders[name]
    if isinstance(one, NumberCoder):
        return None
    return len(one) if isinstance(one, LevelCoder) else 2


def check_axis(axis: Axis, coder: TableCoder, name: str) -> None:
    """Raise ValueError when an axis is not of the column's kind and number of levels."""
    count = levels(coder, name)
    fits = isinstance(axis, NumberAxis) if count is None else isinstance(axis, LevelAxis)
    if not fits or (isinstance(axis, LevelAxis) and len(axis.edges) != (count or 0) + 1):
        raise ValueError(f"the axis of column {name!r} does not fit its coder")
    one = coder.coders[name]
    if isinstance(one, NumberCoder) and isinstance(axis, NumberAxis) and one.decimals != axis.decimals:
        raise ValueError(f"the axis of column {name!r} has another precision than its coder")
