"""What each number is called in the report, what it asks, how it is written and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from fidelia.measure.rules import ONE_SIDED, of_pictures

Side = Literal["", "above", "below"]


@dataclass(frozen=True, slots=True)
class Label:
    """How a result is presented.

    Parameters
    ----------
    title : str
        Its name in the report.
    question : str
        What it answers, in plain words.
    form : str
        How its number is written (`fidelia.report.notation.FORMS`).
    section : str
        The section of the page that explains it.
    worse : {"", "above", "below"}
        The only side of the reference that is bad, where the direction alone does not say it: rows farther from
        training rows than fresh real rows are no leak.
    """

    title: str
    question: str
    form: str
    section: str
    worse: Side = ""


# By section, in the order of the page: title, question and form of each code.
_SAID: dict[str, dict[str, tuple[str, str, str]]] = {
    "diagnosis": {
        "DIV17": ("cluster shares", "How many rows would have to change their cluster?", "percent"),
        "DIV16": ("real rows out of reach", "How many real rows are unlike any synthetic row?", "percent"),
    },
    "curves": {
        "FID16": ("alpha-precision", "Do synthetic rows lie where real rows lie?", "score"),
        "DIV01": ("beta-recall", "Do synthetic rows reach all that is real?", "score"),
        "FID17": ("alpha-precision, hypersphere", "The same, seen from the centre of the data", "score"),
        "DIV02": ("beta-recall, hypersphere", "The same, seen from the centre of the data", "score"),
        "FID39": ("composite fidelity", "How many synthetic rows could be real, in the strictest view?", "score"),
        "DIV19": ("composite diversity", "How many real rows are represented, in the strictest view?", "score"),
        "FID20": ("precision", "How many synthetic rows have real neighbours?", "score"),
        "DIV05": ("recall", "How many real rows have synthetic neighbours?", "score"),
        "FID21": ("density", "Are synthetic rows as crowded by real rows as real ones are?", "score"),
        "DIV06": ("coverage", "How many real rows have a synthetic row nearby, of what chance allows?", "score"),
        "FID22": ("clipped density", "How many synthetic rows lie as deep among real rows as real ones do?", "score"),
        "DIV07": ("clipped coverage", "What share of good rows would cover the real ones as well?", "score"),
        "FID23": ("P-precision", "How probably do synthetic rows lie within the real support?", "score"),
        "DIV08": ("P-recall", "How probably do real rows lie within the synthetic support?", "score"),
        "FID25": ("realism", "How deep does the middle synthetic row lie among real ones?", "score"),
        "DIV13": ("variety (Vendi score)", "How many distinct rows are there, in effect, beside real ones?", "score"),
        "FID18": ("alpha-precision as published", "What the paper's program prints, errors included", "score"),
        "DIV03": ("beta-recall as published", "What the paper's program prints, errors included", "score"),
        "FID19": ("alpha-precision by synthcity", "What synthcity prints, errors included", "score"),
        "DIV04": ("beta-recall by synthcity", "What synthcity prints, errors included", "score"),
    },
    "columns": {
        "FID01": ("number columns", "Does each number follow its real distribution?", "score"),
        "FID02": ("category columns", "Does each category keep its real shares?", "score"),
        "FID03": ("Wasserstein distance", "How far would numbers have to be moved, in interquartile ranges?", "score"),
        "FID04": ("Jensen-Shannon distance", "How different are the distributions? 1: nothing is shared", "score"),
        "FID05": ("Hellinger distance", "The same, with more weight on what is rare", "score"),
        "FID06": ("means, spreads, quantiles", "By how many standard deviations are they off?", "score"),
        "FID31": ("granularity", "Are values rounded, listed and repeated as real ones are?", "score"),
        "DIV10": ("range coverage", "How much of the real range is reached?", "percent"),
        "DIV11": ("category coverage", "How many real levels occur?", "percent"),
        "DIV12": ("rare levels", "How many levels rarer than 1 % occur?", "percent"),
        "DIV14": ("entropy ratio", "Do columns and pairs vary as much as they really do?", "score"),
    },
    "pairs": {
        "FID10": ("pairs of columns", "Do columns go together as they really do?", "score"),
        "FID07": ("correlations", "By how much are correlations of numbers off?", "score"),
        "FID08": ("mixed associations", "By how much are associations with categories off?", "score"),
        "FID09": ("mutual information", "Do columns tell as much of each other?", "score"),
        "FID11": ("tables of one to three columns", "How alike are the cross tables?", "score"),
    },
    "detect": {
        "FID26": ("two-sample test (AUC)", "Can a model tell synthetic rows from real ones?", "score"),
        "FID28": ("row propensity", "How sure is the model that a synthetic row is synthetic?", "score"),
        "FID12": ("mean discrepancy (MMD²)", "Is there any difference at all, of whatever kind?", "small"),
        "FID32": ("panel alarm", "Is any of five scores worse than chance explains? In standard deviations", "amount"),
        "FID27": ("propensity error ratio", "Does a linear model tell them apart better than chance?", "score"),
        "FID13": ("energy distance", "Are distances between the tables larger than within?", "small"),
        "FID14": ("sliced Wasserstein distance", "How far would rows have to be moved?", "small"),
        "FID15": ("Fréchet distance", "Do means and covariances agree?", "small"),
        "FID29": ("neighbour test", "Is a row's nearest neighbour of its own kind? One half: by chance", "score"),
        "IMG01": ("Fréchet distance of pictures", "Do means and covariances of features agree?", "small"),
        "IMG02": ("Fréchet distance at infinity", "The same for infinitely many pictures, at more noise", "small"),
        "IMG03": ("kernel distance of pictures", "Do features differ in any way that a cubic kernel sees?", "small"),
        "IMG04": ("inception score", "Is each picture clearly of one class, and does each class occur?", "score"),
        "IMG06": ("patches", "Do strokes and textures look alike at every resolution?", "small"),
    },
    "use": {
        "UTL01": ("train on synthetic", "Does a model learn as much from synthetic rows?", "score"),
        "UTL03": ("gain by adding", "Does a model gain when synthetic rows are added to the real ones?", "signed"),
        "UTL02": ("test on synthetic", "Do synthetic rows agree with a model learnt from real ones?", "score"),
        "UTL04": ("ranking of models", "Is the model that is best on synthetic rows best on real ones?", "score"),
        "UTL05": ("columns that matter", "Do models lean on the same columns?", "score"),
        "UTL06": ("queries", "By what factor are counts off? 1: exact", "score"),
        "UTL07": ("regression coefficients", "Would a regression find the same?", "score"),
        "UTL08": ("calibration", "How far are said probabilities off?", "score"),
        "UTL10": ("column tests", "How many columns does a significance test reject?", "percent"),
    },
    "privacy": {
        "AUT01": ("authenticity", "Are they new rows rather than copies?", "score"),
        "AUT02": ("authenticity against the holdout", "Closer to training rows than fresh real rows are?", "signed"),
        "PRV02": ("closest-record share", "Nearer to training rows than to unseen ones?", "score"),
        "AUT05": ("identical rows", "How many synthetic rows equal a training row?", "percent"),
        "AUT03": ("named copies", "How many rows can be called copies, with few false alarms?", "percent"),
        "IMG10": ("memorised pictures", "How many lie nearer to a training picture than fresh ones do?", "percent"),
        "AUT04": ("copy rate", "How many rows are copies, by estimate?", "percent"),
        "AUT06": ("all columns but one", "How many rows equal a training row but for one value?", "percent"),
        "AUT07": ("parts of rows", "How often do parts of training rows come back?", "percent"),
        "AUT08": ("unique people", "How many combinations that one training row holds come back?", "percent"),
        "AUT09": ("data-copying test", "Nearer to training rows than unseen rows are, region by region?", "score"),
        "AUT11": ("new rows", "How many rows equal no training row?", "percent"),
        "AUT12": ("authenticity as published", "What the public programs print, errors included", "score"),
        "AUT13": ("authenticity, any ball", "How many rows lie in no training row's neighbourhood?", "score"),
        "PRV01": ("distance to the closest record", "Do rows come nearer to training than to unseen rows?", "score"),
        "PRV03": ("pointing at one row", "Do rows point at single training rows more than at unseen ones?", "score"),
        "PRV05": ("membership by distance", "Do synthetic rows lie nearer to training rows?", "score"),
        "PRV06": ("membership by density", "Are synthetic rows denser around training rows?", "score"),
        "PRV07": ("membership by classifier", "Does a classifier take training rows for synthetic?", "score"),
        "PRV10": ("membership of outliers", "Are people who stand out betrayed?", "score"),
        "PRV11": ("shadow models", "Does refitting the generator tell who was in train?", "score"),
        "PRV09": ("epsilon, at least", "What loss of privacy do the attacks prove?", "score"),
        "PRV19": ("beyond the claimed epsilon", "Is the claimed privacy loss refuted?", "score"),
        "PRV12": ("singling out", "Do synthetic rows describe single training rows?", "signed"),
        "PRV13": ("linkability", "Do they link two records of one person?", "signed"),
        "PRV14": ("attribute inference", "Do they give a secret of a person away?", "signed"),
        "PRV15": ("correct attribution", "How often do rows with the same keys tell the secret?", "score"),
        "PRV16": ("disclosure protection", "How little do they tell beyond a blind guess?", "score"),
    },
    "completeness": {
        "CMP02": ("missing cells", "Is as much missing as in the real data?", "percent"),
        "CMP03": ("missing patterns", "Are the same cells missing together?", "score"),
        "CMP01": ("types of values", "Could each value stand in its column?", "percent"),
        "CMP04": ("values within range", "Do numbers stay between the real ends?", "percent"),
        "CMP05": ("known levels", "Is no level made up?", "percent"),
        "CMP06": ("unique keys", "Are ids as unique as they really are?", "percent"),
        "CMP07": ("formats", "Are codes and dates written as they really are?", "percent"),
        "CMP08": ("broken rules", "How many rows break a rule that all real rows keep?", "percent"),
        "CMP09": ("what missing depends on", "Are values missing for the same rows as they really are?", "score"),
        "CMP10": ("times", "Do times lie in the real window and follow at its pace?", "percent"),
    },
    "measures": {
        "FID30": ("worst group", "Which group of rows is worse off than the whole?", "score"),
        "DIV15": ("repeated rows", "Are more rows repeated than really are?", "percent"),
        "FAI01": ("difference between groups", "Is a difference between groups widened (+) or narrowed?", "signed"),
        "FAI02": ("unequal errors", "Does a model err more unequally between groups (+)?", "signed"),
        "FAI03": ("fidelity of the worst group", "Is each group as well made as the whole?", "signed"),
        "IMG09": ("fidelity of the worst class", "Is each class drawn as well as fresh pictures of it?", "signed"),
        "FAI04": ("use for the worst group", "How well does a model serve the group that it serves worst?", "score"),
        "STB01": ("drift of columns", "How much do columns move from one synthetic table to the next?", "score"),
        "STB02": ("distance between tables", "How far apart are synthetic tables, column by column?", "score"),
        "STB03": ("chance of the seed", "How much does the score depend on the seed?", "score"),
        "GMU01": ("mean over tables", "What is to be expected of the generator, not of one table?", "score"),
        "GMU02": ("ranking of generators", "Which generator is best, and how sure is that?", "score"),
        "GMU03": ("Pareto front", "Which generators does no other one beat on everything?", "score"),
        "GMU04": ("agreement with use", "Which scores put generators in the order of their use?", "score"),
        "GMU05": ("cost", "What does a generator cost?", "small"),
    },
}  # fmt: skip

_BAD_SIDES: dict[str, Side] = {
    **dict.fromkeys(("AUT01", "AUT02", "AUT09", "AUT13", "PRV01", "PRV03", "PRV16", "FID25"), "below"),
    **dict.fromkeys(("FAI03", "IMG09"), "below"),
    **dict.fromkeys(("AUT05", "AUT06", "AUT07", "AUT08", "DIV15", "CMP08", "FID32", "IMG10"), "above"),
    **dict.fromkeys(("PRV02", "PRV05", "PRV06", "PRV07", "PRV09", "PRV10", "PRV11", "PRV19"), "above"),
    **dict.fromkeys(("PRV12", "PRV13", "PRV14", "PRV15", "FAI02"), "above"),
}
LABELS = {
    code: Label(*said, section, _BAD_SIDES.get(code, ""))
    for section, codes in _SAID.items()
    for code, said in codes.items()
}
_ORDER = {code: place for place, code in enumerate(LABELS)}
_BAD: dict[float, Side] = {1.0: "above", -1.0: "below"}


def label(code: str, name: str = "") -> Label:
    """Return how the result `code` is presented; codes without a label are shown under their own name."""
    return LABELS.get(code) or Label(name or code, "", "amount", "measures", _BAD.get(ONE_SIDED.get(code, 0.0), ""))


def pictured(code: str, name: str = "") -> Label:
    """Return how the result `code` is presented where pictures were measured."""
    shown = label(code, name)
    return replace(shown, title=of_pictures(shown.title), question=of_pictures(shown.question))


def place(code: str) -> int:
    """Return where the code stands in its section; codes without a label last, as they come."""
    return _ORDER.get(code, len(_ORDER))
