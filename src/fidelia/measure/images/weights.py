"""Extractors from local files: the Fréchet inception distance's Inception-v3, TorchScript, ONNX. No downloads."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fidelia.data.images.resize import resampled, sides
from fidelia.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Singles = NDArray[np.float32]

BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class FromFile:
    """An extractor whose weights stand in a file.

    Parameters
    ----------
    run : callable
        From pictures ``(n, channels, height, width)`` float32 to features ``(n, d)``.
    name : str
    hash : str
        Sha256 of the file's own sha256 and of what is done to pictures before.
    file : str
        Sha256 of the file.
    prepare : callable
        From pictures ``(n, h, w, c)`` uint8 to what `run` takes.
    """

    run: Callable[[Any], Any]
    name: str
    hash: str
    file: str
    prepare: Callable[[NDArray[np.uint8]], Singles]

    version: ClassVar[int] = 1

    def extract(self, batch: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the features of pictures ``(n, h, w, c)``, ``(n, d)``."""
        parts = [self.run(self.prepare(batch[i : i + BATCH])) for i in range(0, len(batch), BATCH)]
        return np.concatenate([np.asarray(part, dtype=np.float32) for part in parts])


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to pictures before a network of the user's sees them.

    Parameters
    ----------
    size : int or None
        Side that pictures are brought to, without aliasing; None: as they are.
    channels : {1, 3} or None
        Grey pictures are repeated to three channels, those in colour averaged to one; None: as they are.
    mean, sd : float
        Taken from, and divided out of, values in [0, 1].
    """

    size: int | None = None
    channels: int | None = None
    mean: float = 0.0
    sd: float = 1.0

    def __call__(self, batch: NDArray[np.uint8]) -> Singles:
        """Return pictures ``(n, h, w, c)`` uint8 as ``(n, c, h, w)`` float32."""
        shown = batch.astype(np.float32) / np.float32(255)
        if self.size is not None:
            shown = resampled(shown, sides(self.size))
        if self.channels == 3:
            shown = np.broadcast_to(shown, (*shown.shape[:3], 3))
        elif self.channels == 1:
            shown = shown.mean(axis=3, keepdims=True)
        return np.ascontiguousarray(((shown - self.mean) / self.sd).transpose(0, 3, 1, 2), dtype=np.float32)


def from_file(path: str | Path, *, sha256: str | None = None, prepare: Preparation | None = None) -> FromFile:
    """Return the extractor in a file.

    Parameters
    ----------
    path : str or Path
        ``.pth``, ``.pt`` or ``.safetensors`` with the arrays of the Inception-v3 of the Fréchet inception distance;
        ``.pt`` with TorchScript; ``.onnx``.
    sha256 : str or None
        What the file must hash to.
    prepare : Preparation or None
        For TorchScript and ONNX: how pictures are prepared; None gives values in [0, 1] as they are, at the size and
        channels that an ONNX file asks for. The Inception-v3 prepares them in its own way.

    Raises
    ------
    UsageError
        When the file is no such file, or hashes to something else.
    MissingExtra
        When torch, or onnxruntime, is not installed.
    """
    place = Path(path)
    if not place.is_file():
        raise UsageError(f"there is no file {place} with weights")
    digest = _hash(place)
    if sha256 is not None and digest != sha256.lower():
        raise UsageError(f"{place}: has the sha256 {digest}, not {sha256}")
    if place.suffix == ".onnx":
        return _onnx(place, digest, prepare)
    if _is_script(place):
        return _script(place, digest, prepare or Preparation())
    return _inception(place, digest)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        digest = sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _signed(digest: str, prepared: object) -> str:
    return sha256(f"{digest}/{prepared!r}".encode()).hexdigest()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("a network from a file", "deep") from error
    return torch


def _is_script(path: Path) -> bool:
    """Return whether a file holds code and constants beside arrays, as TorchScript does."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as file:
        return any(name.partition("/")[2] == "constants.pkl" for name in file.namelist())


def _script(path: Path, digest: str, prepare: Preparation) -> FromFile:
    torch = _torch()
    try:
        module = torch.jit.load(str(path), map_location="cpu").eval()
    except RuntimeError as error:
        raise UsageError(f"{path}: cannot be read as TorchScript ({str(error).splitlines()[0]})") from error

    def run(batch: Singles) -> Any:
        with torch.no_grad():
            return _flat(module(torch.from_numpy(batch)).numpy())

    return FromFile(run, f"torchscript:{path.name}", _signed(digest, prepare), digest, prepare)


def _flat(found: Any) -> Any:
    """Return features that stand in a grid of one cell, or of several, as rows."""
    return found.reshape(len(found), -1)


def _onnx(path: Path, digest: str, prepare: Preparation | None) -> FromFile:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("an ONNX network", "onnx") from error
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as ONNX ({str(error).splitlines()[0]})") from error
    asked = session.get_inputs()[0]
    height, channels = (asked.shape[i] if isinstance(asked.shape[i], int) else None for i in (2, 1))
    prepare = prepare or Preparation(size=height, channels=channels)

    def run(batch: Singles) -> Any:
        return _flat(session.run(None, {asked.name: batch})[0])

    return FromFile(run, f"onnx:{path.name}", _signed(digest, prepare), digest, prepare)


def _inception(path: Path, digest: str) -> FromFile:
    torch = _torch()
    from fidelia.measure.images import inception

    weights = _arrays(path, torch)
    inception.check(weights)
    kept = {name: weights[name].float() for name in inception.layout()}

    def prepare(batch: NDArray[np.uint8]) -> Singles:
        return np.ascontiguousarray(batch.transpose(0, 3, 1, 2), dtype=np.float32)

    def run(batch: Singles) -> Any:
        with torch.no_grad():
            return inception.pool3(kept, inception.prepared(torch.from_numpy(batch))).numpy()

    return FromFile(run, "inception-v3-pool3", _signed(digest, f"bilinear {inception.SIDE}, -1 to 1"), digest, prepare)


def _arrays(path: Path, torch: Any) -> dict[str, Any]:
    """Return the named arrays of a file; of a pickle nothing but arrays is loaded."""
    if path.suffix == ".safetensors":
        try:
            from safetensors.torch import load_file
        except ImportError as error:
            raise MissingExtra("a .safetensors file", "deep") from error
        found = load_file(str(path))
    else:
        from pickle import UnpicklingError

        try:
            found = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, UnpicklingError, EOFError, KeyError) as error:
            raise UsageError(f"{path}: cannot be read as weights ({str(error).splitlines()[0]})") from error
    found = found.get("state_dict", found) if isinstance(found, dict) else {}
    return {str(name): array for name, array in found.items() if hasattr(array, "shape")}
