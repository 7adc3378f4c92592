"""How each code is judged: the score of a useless table, how much loss matters, which side is bad, and the words."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """How one code is judged.

    Parameters
    ----------
    floor : float
        The score of a useless table: independent columns, plain copies, a majority guess.
    warn, fail : float
        Shares of the way from reference to floor.
    bad, good : str
        The titles.
    meaning : str
        What a bad score means for the user.
    anchor : str
        A section of the report.
    """

    floor: float
    warn: float
    fail: float
    bad: str
    good: str
    meaning: str
    anchor: str


_NEVER_MORE = "Rows that the generator learnt from are told from rows that it never saw."


def _membership(what: str) -> Rule:
    told = f"be told by {what}"
    return Rule(1.0, 0.10, 0.30, f"Training rows can {told}", f"Training rows cannot {told}", _NEVER_MORE, "privacy")


RULES: dict[str, Rule] = {
    "PRV05": _membership("their distance to synthetic rows"),
    "PRV06": _membership("the density of synthetic rows around them"),
    "PRV07": _membership("a classifier"),
    "PRV09": Rule(
        3.0,
        0.03,
        0.30,
        "The attacks prove a loss of privacy",
        "The attacks prove no loss of privacy",
        _NEVER_MORE,
        "privacy",
    ),
    "PRV12": Rule(
        1.0,
        0.05,
        0.20,
        "Synthetic rows single out persons in train",
        "Synthetic rows single out nobody in particular",
        "Conditions read off synthetic rows describe exactly one training row too often.",
        "privacy",
    ),
    "PRV13": Rule(
        1.0,
        0.05,
        0.20,
        "Synthetic rows link records of persons in train",
        "Synthetic rows link no records of persons in train",
        "Two files on the same persons can be joined through the synthetic rows.",
        "privacy",
    ),
    "PRV14": Rule(
        1.0,
        0.05,
        0.20,
        "Synthetic rows give secrets of persons in train away",
        "Secrets of persons in train are as safe as those of strangers",
        "Who knows some columns of a training row learns another better than of a stranger.",
        "privacy",
    ),
    "FID31": Rule(
        0.0,
        0.05,
        0.50,
        "Values are not rounded as real values are",
        "Values are rounded as real values are",
        "Some values could not be real: more digits, or values that the column does not take.",
        "measures",
    ),
    "CMP08": Rule(
        1.0,
        0.01,
        0.10,
        "Rules that all real rows keep are broken",
        "Rules that real rows keep are kept",
        "Rows contradict themselves.",
        "measures",
    ),
    "FID16": Rule(
        0.0,
        0.03,
        0.20,
        "Rows are off the real distribution",
        "Rows are as realistic as fresh real rows",
        "Synthetic rows do not lie where real rows lie.",
        "curves",
    ),
    "DIV01": Rule(
        0.0,
        0.03,
        0.20,
        "Parts of the real data are not represented",
        "All of the real data is represented",
        "Some real rows have no synthetic rows around them at the rate that they should.",
        "curves",
    ),
    "FID26": Rule(
        1.0,
        0.10,
        0.50,
        "A classifier tells synthetic from real rows",
        "A classifier cannot tell synthetic from real rows",
        "Relations between columns are missing or wrong, whatever the single columns look like.",
        "use",
    ),
    "AUT02": Rule(
        -1.0,
        0.03,
        0.15,
        "Rows are closer to training rows than fresh real rows are",
        "Rows keep the distance to training rows that fresh real rows keep",
        "Some rows repeat training rows with small changes.",
        "privacy",
    ),
    "AUT05": Rule(
        1.0,
        0.005,
        0.05,
        "Training rows are repeated",
        "No more rows equal training rows than fresh real rows do",
        "Whole rows of the training table stand in the synthetic table.",
        "privacy",
    ),
    "PRV02": Rule(
        1.0,
        0.06,
        0.20,
        "Rows lie closer to training rows than to unseen rows",
        "Rows lie as close to unseen rows as to training rows",
        "The generator leans on the rows that it has seen.",
        "privacy",
    ),
    "UTL01": Rule(
        0.0,
        0.05,
        0.30,
        "Models trained on synthetic rows do worse on real rows",
        "Models trained on synthetic rows work on real rows",
        "Conclusions drawn from the synthetic table will be weaker.",
        "use",
    ),
    "FID01": Rule(
        0.0,
        0.02,
        0.15,
        "Number columns have other shapes",
        "Number columns have the right shapes",
        "Means and quantiles of single columns are off.",
        "columns",
    ),
    "FID02": Rule(
        0.0,
        0.02,
        0.15,
        "Category columns have other shares",
        "Category columns have the right shares",
        "Frequencies of single columns are off.",
        "columns",
    ),
    "FID10": Rule(
        0.0,
        0.03,
        0.15,
        "Pairs of columns do not go together as they should",
        "Pairs of columns go together as they should",
        "Correlations and cross tables are off.",
        "pairs",
    ),
    "CMP02": Rule(
        1.0,
        0.01,
        0.10,
        "Values are missing at other rates",
        "Values are missing at the right rates",
        "Completeness of single columns is off.",
        "completeness",
    ),
    "CMP03": Rule(
        1.0,
        0.03,
        0.20,
        "Values are missing in other combinations",
        "Values are missing in the right combinations",
        "Which values are missing together is off.",
        "completeness",
    ),
}

# Only one side of these scores is bad: below the reference (-1) or above it (+1).
_ABOVE = (
    "AUT05", "AUT06", "AUT07", "AUT08", "PRV02", "PRV05", "PRV06", "PRV07", "PRV09", "PRV10", "PRV11", "PRV12", "PRV13",
    "PRV14", "PRV15", "PRV19", "CMP08",
)  # fmt: skip

ONE_SIDED = dict.fromkeys(_ABOVE, 1.0) | dict.fromkeys(("AUT01", "AUT02", "AUT09", "PRV01", "PRV03"), -1.0)

_OF_PICTURES = {
    "category columns": "classes",
    "column shapes (categories)": "shares of classes",
    "rows": "pictures",
    "row": "picture",
    "tables": "sets of pictures",
    "table": "set of pictures",
}
_WORDS = re.compile(
    r"(?<![\w</\"'#=.-])(?:" + "|".join(re.escape(word) for word in _OF_PICTURES) + r")(?![\w'=-])", re.IGNORECASE
)


def of_pictures(text: str) -> str:
    """Return words on tables as words on pictures; markup and quoted names keep theirs.

    Examples
    --------
    >>> of_pictures("Rows of this table repeat a row: 'rows'")
    "Pictures of this set of pictures repeat a picture: 'rows'"
    """
    return _WORDS.sub(lambda found: _cased(_OF_PICTURES[found[0].lower()], found[0]), text)


def _cased(word: str, like: str) -> str:
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
