"""Where an audit's results go: all rows with their scores, the accepted ones alone, and what is said of the real ones.

Of pictures, scores are a table without pixels, and the accepted ones take the form of those that were audited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fidelia.cli import places
from fidelia.errors import ReadError, UsageError

if TYPE_CHECKING:
    from fidelia.workflow.outcome import Outcome

SCORES = ".parquet"


@dataclass(frozen=True, slots=True)
class Files:
    """The three places of an audit, checked before the work begins.

    Parameters
    ----------
    scores, accepted, real : Path
    pictures : bool
        Whether pictures are audited.
    """

    scores: Path
    accepted: Path
    real: Path
    pictures: bool

    @classmethod
    def of(cls, output: Path, accepted: Path | None, synthetic: Path) -> Files:
        """Name the places.

        Parameters
        ----------
        output : Path
            Of the scores; where pictures are audited, a name without an ending will do.
        accepted : Path or None
            None for a place beside the output.
        synthetic : Path
            What is audited.

        Raises
        ------
        UsageError, ReadError, WriteError
            When two places are one, or nothing can be written there.
        """
        from fidelia.data.images.read import holds_pictures

        pictures = holds_pictures(synthetic)
        scores = output if output.suffix or not pictures else output.with_name(output.name + SCORES)
        ending = (places.form_of(synthetic) if pictures else scores.suffix, scores.suffix)
        good, real = (scores.with_name(f"{scores.stem}.{what}{end}") for what, end in zip(_BESIDE, ending, strict=True))
        files = cls(scores, accepted or good, real, pictures)
        files._check()
        return files

    def _check(self) -> None:
        if self.accepted.resolve() in (self.scores.resolve(), self.real.resolve()):
            taken = (
                "the output itself" if self.accepted.resolve() == self.scores.resolve() else "where the real rows go"
            )
            raise UsageError(f"--accepted {self.accepted} is {taken}; name another file")
        for place in (self.scores, self.real):
            places.table(place)
        (places.pictures if self.pictures else places.table)(self.accepted)

    def write(self, outcome: Outcome, edition: str) -> Iterator[Path]:
        """Write all rows with their scores, the accepted ones as they are, and what is said of the real ones, in turn.

        Yields
        ------
        Path
            Each file or folder when it is whole.
        """
        from fidelia.data.write import write, write_arrow

        audited, rows, accepted = outcome.audit, outcome.synthetic, outcome.accepted
        if audited is None or rows is None or accepted is None:
            raise ReadError("the audit gave no rows to write")
        write_arrow(audited.beside(rows, edition=edition), self.scores)
        yield self.scores
        (places.write_pictures if self.pictures else write)(accepted, self.accepted)
        yield self.accepted
        write_arrow(audited.real_to_arrow(edition=edition), self.real)
        yield self.real


_BESIDE = ("accepted", "real")
