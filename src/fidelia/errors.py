"""The errors that fidelia raises, each with what was found and the way out.

::

    FideliaError                 exit code
    ├── DataError                4   the data is not what it should be
    │   ├── ReadError            4   a file or frame cannot be read as a table
    │   ├── WriteError           4   a result cannot be written; nothing was left half-written
    │   ├── SchemaError          4   a column does not fit its kind, or tables do not fit each other
    │   └── BundleError          4   a model file is damaged, unsafe or of another format
    ├── UsageError               2   an argument, name or condition that does not exist or cannot hold
    │   └── EmbeddingMismatch    2   scores of different embeddings do not compare
    ├── GateFailed               3   a number does not keep the limit that a gate sets
    ├── TrainingError            1   a network cannot be trained on this table
    ├── MissingExtra             5   an optional dependency is not installed
    └── NotApplicable            1   a component declines, with its reason

A component that cannot work on a legal table raises `NotApplicable`; the caller shows its reason and goes on.
"""

OUT_OF_MEMORY = "out of memory; use fewer rows or columns, or a larger machine"


class FideliaError(Exception):
    """Root of the tree; catch it to catch everything that fidelia raises on purpose.

    Examples
    --------
    >>> import fidelia as fd
    >>> try:
    ...     fd.read("no-such-file.csv")
    ... except fd.FideliaError as error:
    ...     error.exit_code
    4
    """

    exit_code = 1


class DataError(FideliaError):
    """The data is not what it should be."""

    exit_code = 4


class ReadError(DataError):
    """A file or a frame cannot be read as a table."""


class WriteError(DataError):
    """A result cannot be written; what stood at the path before still stands."""


class SchemaError(DataError):
    """A column does not fit its kind, or two tables do not fit each other."""


class BundleError(DataError):
    """A model file is damaged, unsafe, or written in a format that this version does not know."""


class UsageError(FideliaError):
    """An argument, a name or a condition that does not exist or cannot hold."""

    exit_code = 2


class EmbeddingMismatch(UsageError):  # noqa: N818 - reads as what it is
    """Scores whose distances were taken in different embeddings do not compare."""


class GateFailed(FideliaError):  # noqa: N818 - an answer, not a fault
    """A number does not keep the limit that a gate sets."""

    exit_code = 3


class TrainingError(FideliaError):
    """The training of a network diverged, however slow."""


class MissingExtra(FideliaError):  # noqa: N818 - reads as what it is
    """An optional dependency is not installed; the message is the command that installs it."""

    exit_code = 5

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional dependency: pip install 'fidelia[{extra}]'")
        self.extra = extra


class NotApplicable(FideliaError):  # noqa: N818 - a polite refusal, not a failure
    """A component declines to work on this table.

    Parameters
    ----------
    code : str
        A typed reason: ``NEEDS_HOLDOUT``, ``NEEDS_TARGET``, ``TOO_FEW_ROWS``,
        ``DEGENERATE_COLUMN``, ``ALL_MISSING``, ``UNSUPPORTED_TYPE``, ``BUDGET``,
        ``HOLDS_ROWS`` (a generator made of training rows is not saved), ``NEEDS_FEATURES``
        (features were given for other rows), ``NO_SUPPORT`` (a source has hardly a row like the target's),
        ``TOO_WIDE`` (a network cannot go on in a table of so many columns).
    text : str
        The same in words.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
