"""The published verdicts: six pairs of metrics on the fifteen checks, each cell bounds then property.

References
----------
Räisä, van Breugel and van der Schaar (2025), arXiv 2505.22450, tables of passes and failures; read from the outputs
stored in the paper's public repository.
"""

from __future__ import annotations

FIDELITY = ("I-Prec", "Density", "IAP", "C-Prec", "symPrec", "P-Prec")
DIVERSITY = ("I-Rec", "Coverage", "IBR", "C-Rec", "symRec", "P-Rec")

# check: fidelity bounds, fidelity property, diversity bounds, diversity property; one letter per metric
_VERDICTS = {
    "mean": ("FTFTFF", "TTTTTT", "FTFTFF", "TTTTTT"),
    "outlier": ("FFFTFF", "FTTTFT", "FTFTFF", "FTTTTT"),
    "sd": ("FFFFFF", "TTFFFT", "FFFFFF", "HFLFFH"),
    "simultaneous": ("FTFFFF", "TFFFFT", "FTFTFF", "FTFTFT"),
    "sequential": ("FTFFFF", "TTFFFT", "FTFTFF", "TTFFTT"),
    "invention": ("TTFFFF", "TTFFFT", "TFFFFF", "TFFFFT"),
    "sphere": ("FFFFTF", "FFTFTF", "FFFFTF", "FFFFTF"),
    "cube, rows": ("FFFFFF", "FFFFFF", "FFFFFF", "FFFFFF"),
    "cube, synthetic": ("TTTFFT", "FFFFFF", "TTTFFT", "FFFFFF"),
    "torus": ("TTFFTT", "TTTFTT", "TFTTFT", "FFTFFF"),
    "two modes": ("FTFTFF", "TTTTTT", "FTFTFF", "FFFFFF"),
    "scaling": ("FTTTTT", "FTTTTT", "TTTTTT", "FTTTTT"),
    "pareto": ("FTTTTF", "TTTTTT", "TTFTTF", "TTTTTT"),
    "disjoint": ("FFTFFF", "FFFFFF", "FFTFFF", "FFFFFF"),
    "rounded": ("FFFFFF", "FFFFFF", "FFFFFF", "FFFFFF"),
}


def published() -> dict[str, dict[str, dict[str, str]]]:
    """Return verdicts by metric, check and cell (``"bounds"``, ``"property"``): T, F, L or H.

    Examples
    --------
    >>> published()["Coverage"]["sd"]
    {'bounds': 'F', 'property': 'F'}
    """
    out: dict[str, dict[str, dict[str, str]]] = {}
    for names, first in ((FIDELITY, 0), (DIVERSITY, 2)):
        for i, name in enumerate(names):
            out[name] = {
                check: {"bounds": cells[first][i], "property": cells[first + 1][i]}
                for check, cells in _VERDICTS.items()
            }
    return out
