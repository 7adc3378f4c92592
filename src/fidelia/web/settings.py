"""Settings: how one server was started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from socket import gethostname

EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORT = 8765
UPLOAD_LIMIT = 200_000_000
OVERHEAD = 64_000
"""Bytes that the form around an upload may take."""
UNPACKED = 10
"""How many times the limit of an upload its unpacked content may take."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `fidelia serve` was told.

    Parameters
    ----------
    folder : Path
        Holds everything: ``data/<id>/`` and ``runs/<id>/``.
    token : str
        Opens the app; see `fidelia.web.guard`.
    chosen : bool
        Whether a person chose the token. One that was drawn opens the app once.
    allowed : tuple of Path
        Files and folders that data may be read from without an upload; resolved.
    host, port : str, int
        Where the server listens.
    upload_limit : int
        Bytes of one upload.
    """

    folder: Path
    token: str
    chosen: bool = False
    allowed: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = PORT
    upload_limit: int = UPLOAD_LIMIT

    @property
    def unpacked_limit(self) -> int:
        """Bytes that an upload may unpack to."""
        return UNPACKED * self.upload_limit

    @property
    def address(self) -> str:
        """The address of the first page; of a server that listens everywhere, by the name of this machine."""
        name = gethostname() if self.host in EVERYWHERE else self.host
        host = f"[{name}]" if ":" in name else name
        return f"http://{host}:{self.port}/"
