"""How far several reviewers agree, how good each is, and the model beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural

from .answers import Answered, Answers

#: Resamplings of the cutouts behind an interval.
_RESAMPLED = 400

#: Rounds in which skills and clumps are estimated from each other.
_ROUNDS = 60

#: Skills need at least so many reviewers: of two nobody knows who is right.
FOR_SKILL = 3


def fleiss_kappa(yes: NDArray[np.int64], raters: int) -> float | None:
    """Return the agreement of several raters beyond chance, of yes or no.

    Fleiss (1971), Psychological Bulletin 76, 378.

    Parameters
    ----------
    yes : int array of shape (n,)
        How many of the raters said yes to each question.
    raters : int

    Returns
    -------
    float or None
        1 for full agreement, 0 for that of chance; None where all answers are the same
        or there are none.
    """
    if not len(yes) or raters < 2:
        return None
    no = raters - yes
    observed = ((yes * (yes - 1) + no * (no - 1)) / (raters * (raters - 1))).mean()
    share = yes.mean() / raters
    expected = share**2 + (1 - share) ** 2
    return None if expected == 1 else float((observed - expected) / (1 - expected))


def skills(yes: Answers) -> tuple[Floats, Floats, Floats]:
    """Return each reviewer's skill and false-positive rate, and each place's chance.

    Estimated from each other, without any truth: Dawid and Skene (1979), Applied
    Statistics 28, 20; as Dickinson et al. (2022, ApJ 929, 132) do for volunteers. The
    chance of a place starts as the share of reviewers who said yes.

    Parameters
    ----------
    yes : bool array of shape (places, reviewers)

    Returns
    -------
    (array of shape (reviewers,), array of shape (reviewers,), array of shape (places,))
        Share of the clumps that the reviewer has, share of the other places that the
        reviewer called a clump, and the chance of a place to be a clump.
    """
    said = yes.astype(float)
    chance = said.mean(axis=1)
    for _ in range(_ROUNDS):
        # Half an answer more of each kind: a share of 0 or 1 would never move.
        skill = (chance @ said + 0.5) / (chance.sum() + 1)
        false = ((1 - chance) @ said + 0.5) / ((1 - chance).sum() + 1)
        prior = (chance.sum() + 0.5) / (len(chance) + 1)
        clump = np.log(prior) + np.where(yes, np.log(skill), np.log1p(-skill)).sum(1)
        other = np.log1p(-prior) + np.where(yes, np.log(false), np.log1p(-false)).sum(1)
        chance = 1 / (1 + np.exp(np.clip(other - clump, -500, 500)))
    return skill, false, chance


def agreement_of_several(found: Answered) -> JsonObject:
    """Return how far reviewers agree with each other, and the model with them.

    Parameters
    ----------
    found : Answered

    Returns
    -------
    dict
        Ready for JSON: ``reviewers``, ``cutouts``, ``places``, ``majority`` (places
        that more than half called a clump), ``kappa`` (Fleiss), ``people`` and
        ``model`` (the mean F1 of two reviewers, and that of the model and a reviewer),
        ``difference`` (model minus people), each with ``value`` and its ``95`` %
        interval over cutouts; ``people_each`` and ``model_each`` (the F1 of each pair);
        ``each`` reviewer with ``clumps``, ``skill`` and
        ``false_positive_rate`` (None with fewer than `FOR_SKILL` reviewers).
    """
    groups = [np.flatnonzero(found.cutout == k) for k in range(found.cutouts)]
    rng = np.random.default_rng(0)
    drawn = [
        np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))])
        for _ in range(_RESAMPLED if len(groups) > 1 else 0)
    ]
    everywhere = np.arange(len(found.yes))

    def told(measure: Callable[[NDArray[np.int64]], float | None]) -> JsonObject:
        values = [v for rows in drawn if (v := measure(rows)) is not None]
        interval = np.quantile(values, (0.025, 0.975)).tolist() if values else None
        return {"value": measure(everywhere), "95": interval}

    raters = len(found.reviewers)
    votes = found.yes.sum(axis=1)
    return {
        "reviewers": list(found.reviewers),
        "cutouts": found.cutouts,
        "places": len(found.yes),
        "majority": int((2 * votes > raters).sum()),
        "kappa": told(lambda rows: fleiss_kappa(votes[rows], raters)),
        "people": told(lambda rows: _mean_f1(_people(found.yes[rows]))),
        "model": told(lambda rows: _mean_f1(_with_model(found, rows))),
        "people_each": _known(_people(found.yes)),
        "model_each": _known(_with_model(found, everywhere)),
        "difference": told(lambda rows: _difference(found, rows)),
        "each": _each(found, drawn),
    }


def _people(yes: Answers) -> list[float | None]:
    n = yes.shape[1]
    return [_f1(yes[:, i], yes[:, j]) for i in range(n) for j in range(i)]


def _with_model(found: Answered, rows: NDArray[np.int64]) -> list[float | None]:
    if not found.model.any():
        return []
    model, yes = found.model[rows], found.yes[rows]
    return [_f1(model, yes[:, k]) for k in range(yes.shape[1])]


def _f1(first: Answers, second: Answers) -> float | None:
    n = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / n if n else None


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean_f1(values: Sequence[float | None]) -> float | None:
    known = _known(values)
    return float(np.mean(known)) if known else None


def _difference(found: Answered, rows: NDArray[np.int64]) -> float | None:
    model = _mean_f1(_with_model(found, rows))
    people = _mean_f1(_people(found.yes[rows]))
    return None if model is None or people is None else model - people


def _each(found: Answered, drawn: Sequence[NDArray[np.int64]]) -> list[JsonObject]:
    """Return the figures of each reviewer."""
    rows: list[JsonObject] = [
        {"reviewer": name, "clumps": int(found.yes[:, k].sum()), "skill": None,
         "false_positive_rate": None}
        for k, name in enumerate(found.reviewers)
    ]  # fmt: skip
    if len(found.reviewers) < FOR_SKILL or not len(found.yes):
        return rows
    own = skills(found.yes)[:2]
    again = np.array([skills(found.yes[k])[:2] for k in drawn if len(k)])
    for k, row in enumerate(rows):
        for n, name in enumerate(("skill", "false_positive_rate")):
            values: Floats = again[:, n, k] if len(again) else np.zeros(0)
            row[name] = {
                "value": float(own[n][k]),
                "95": np.quantile(values, (0.025, 0.975)).tolist()
                if len(values)
                else None,
            }
    return rows


def several_in_words(figures: JsonObject) -> list[str]:
    """Return the figures of `agreement_of_several` in sentences."""
    names = figures["reviewers"]
    lines = [
        f"{plural(figures['cutouts'], 'cutout')} done by {', '.join(names[:-1])} and "
        f"{names[-1]}: {plural(figures['places'], 'place')} that one of them marked or "
        f"decided on, {figures['majority']} called a clump by most."
    ]
    if figures["kappa"]["value"] is not None:
        lines.append(f"Fleiss' kappa {_told(figures['kappa'])}.")
    lines += ceiling_in_words(figures)
    for row in figures["each"]:
        said = f"{row['reviewer']}: {plural(row['clumps'], 'clump')}"
        if row["skill"] is not None:
            said += (
                f", skill {_told(row['skill'])}, false-positive rate "
                f"{_told(row['false_positive_rate'])}"
            )
        lines.append(f"{said}.")
    if len(names) < FOR_SKILL:
        lines.append("Skills are told of three reviewers and more.")
    return lines


def ceiling_in_words(figures: JsonObject) -> list[str]:
    """Return how far people agree, and the model with them, in a sentence if known.

    Parameters
    ----------
    figures : dict
        As `agreement_of_several` gives them.
    """
    if figures["people"]["value"] is None:
        return []
    said = f"Two of them agree with an F1 of {_told(figures['people'])}"
    if figures["model"]["value"] is not None:
        said += (
            f", the model and one of them of {_told(figures['model'])}: difference "
            f"{_told(figures['difference'], sign=True)}"
        )
    return [f"{said}."]


def _told(row: JsonObject, *, sign: bool = False) -> str:
    form = "+.2f" if sign else ".2f"
    if row["95"] is None:
        return f"{row['value']:{form}}"
    low, high = row["95"]
    return f"{row['value']:{form}} ({low:{form}} to {high:{form}}, 95 %)"
