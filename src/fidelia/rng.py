"""One seed, named child streams: the only source of randomness in fidelia."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Rng:
    """A position in the tree of random streams.

    A stream depends on the seed and on its name alone, not on what was drawn elsewhere, so order and
    parallelism change nothing.

    Parameters
    ----------
    seed : int
        Any non-negative integer.
    path : tuple of str
        The names that lead here from the root.

    Examples
    --------
    >>> root = Rng(0)
    >>> root.child("fit").child("age") == root.child("fit/age")
    True
    >>> a, b = root.child("fit").generator(), root.child("fit").generator()
    >>> bool((a.random(3) == b.random(3)).all())
    True
    """

    seed: int
    path: tuple[str, ...] = ()

    def child(self, name: str) -> Rng:
        """Return the stream called `name` below this one; ``"a/b"`` descends twice."""
        return Rng(self.seed, (*self.path, *name.split("/")))

    def generator(self) -> np.random.Generator:
        """Return a new numpy Generator at the start of this stream."""
        import numpy as np

        digest = blake2b("\0".join(self.path).encode(), digest_size=16).digest()
        key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))

    def integer(self, below: int = 2**31 - 1) -> int:
        """Return one integer in ``[0, below)``, for libraries that take an integer seed."""
        return int(self.generator().integers(below))
