"""Arrow's many types, by what they hold."""

from __future__ import annotations

import pyarrow as pa


def is_text(kind: pa.DataType) -> bool:
    """Say whether values are words, in any of Arrow's layouts."""
    return str(kind) in ("string", "large_string", "string_view")


def is_number(kind: pa.DataType) -> bool:
    """Say whether values are integers, floats or decimals."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_pictures(kind: pa.DataType) -> bool:
    """Say whether values are pictures: 8-bit numbers by height, width and 1 or 3 channels."""
    tensors = isinstance(kind, pa.FixedShapeTensorType) and pa.types.is_uint8(kind.value_type)
    return bool(tensors and len(kind.shape) == 3 and kind.shape[2] in (1, 3))
