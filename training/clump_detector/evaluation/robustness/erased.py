"""What a model still proposes where the clump in its box has been erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.core.text import plural
from clump_detector.detector.explaining.explainer import Explainer
from clump_detector.detector.predict import Predictor
from clump_detector.evaluation.labelled_images import match_boxes, read_labelled
from clump_detector.evaluation.selection import Which, choose
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.metrics import shares
from clump_detector.metrics.matching import FALSE
from clump_detector.models.explained import still_explained

#: What the labels say of a box, and how it is called in words.
KINDS = {
    "hit": ("box on a labelled clump", "boxes on labelled clumps"),
    "false": ("other box", "other boxes"),
    "unsure": (
        "box on what the labels leave open",
        "boxes on what the labels leave open",
    ),
}

#: With fewer boxes than this no share is told in words.
FEWEST = 10

#: Unexplained boxes that are named in words.
_NAMED = 10


@dataclass(frozen=True)
class _Erased:
    """A box and its scores: as it is, erased, and with a part beside it replaced."""

    cutout: str
    box: list[float]
    kind: str
    score: float
    erased: float
    beside: float | None
    explained: bool


def erase_clumps(
    folder: Path,
    labels: LabelSet | Path,
    *,
    score: float | None = None,
    device: str = "auto",
    which: Which = "all",
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> JsonObject:
    """Erase the clump in each box that a model proposes, and search again.

    Parameters
    ----------
    folder : path
        The model folder.
    labels : LabelSet or path
    score : float, optional
        From which boxes are proposed; the card's default.
    device : str
    which : "all" or "held_out"
        Which of the done cutouts.
    progress : callable
        Called after each cutout.
    cancel : CancelToken, optional
        Checked before each search.

    Returns
    -------
    dict
        Ready for JSON: ``model``, ``score``, ``galaxies``, ``boxes`` (how many),
        ``hit``, ``false`` and ``unsure``: by what the labels say of the box, with
        ``boxes``, ``unexplained`` (those that would still be proposed), its ``share``
        and the interval ``95`` of that; ``lost_beside`` in the same form, the boxes no
        longer proposed when as large a part beside them is replaced; ``each`` box with
        its scores; ``problems``, ``left_out``, ``notes``.

    Raises
    ------
    Cancelled
    LabelError
        If no cutout is left to evaluate on, or the model proposes nothing on any.
    ModelError
        If the model cannot be used.
    """
    chosen = choose(labels, which, [folder])
    cancel = cancel or CancelToken()
    predictor = Predictor(folder, device)
    explainer = Explainer(predictor)
    least = predictor.card.default_score if score is None else score
    each: list[_Erased] = []
    problems: list[str] = []
    for k, one in enumerate(chosen.cutouts):
        try:
            each += _erased(predictor, explainer, one, least, cancel)
        except ClumpError as error:
            problems.append(error.message)
        progress(k + 1, len(chosen.cutouts), "erasing clumps")
    if len(problems) == len(chosen.cutouts):
        raise LabelError(problems[0])
    tried = [one for one in each if one.beside is not None]
    lost = [one for one in tried if one.beside is not None and one.beside < least]
    return {
        "model": predictor.model_id,
        "score": least,
        "galaxies": len(chosen.cutouts) - len(problems),
        "boxes": len(each),
        **{kind: _unexplained([e for e in each if e.kind == kind]) for kind in KINDS},
        "lost_beside": _share(len(lost), len(tried), "lost"),
        "each": [vars(one) for one in each],
        "problems": problems,
        "left_out": chosen.left_out,
        "notes": list(chosen.notes),
    }


def _erased(
    predictor: Predictor,
    explainer: Explainer,
    one: LabelledCutout,
    least: float,
    cancel: CancelToken,
) -> list[_Erased]:
    """Erase what is in each box that is proposed on a cutout."""
    cutout = read_labelled(one)
    found = predictor.predict(cutout, cancel=cancel)
    partner = match_boxes(one, found.boxes, found.scores).partner
    proposed = np.flatnonzero(found.scores >= least)
    kinds = ["hit" if p >= 0 else "false" if p == FALSE else "unsure" for p in partner]
    rows = explainer.erase(cutout, found.boxes[proposed], cancel)
    return [
        _Erased(
            one.source.name,
            [round(float(v), 2) for v in found.boxes[i]],
            kinds[i],
            score,
            erased,
            beside,
            still_explained(score, erased, least),
        )
        for i, (score, erased, beside) in zip(proposed, rows, strict=True)
    ]


def _unexplained(boxes: Sequence[_Erased]) -> JsonObject:
    return _share(sum(not one.explained for one in boxes), len(boxes), "unexplained")


def _share(some: int, n: int, name: str) -> JsonObject:
    return {"boxes": n, name: some, **shares.as_json(some, n)}


def erased_in_words(figures: JsonObject) -> list[str]:
    """Return the figures of `erase_clumps` in lines."""
    galaxies = plural(figures["galaxies"], "galaxy", "galaxies")
    if not figures["boxes"]:
        return [
            f"{figures['model']} proposes nothing from score {figures['score']:.2f} on "
            f"{galaxies}: there is nothing to erase."
        ]
    lines = [
        f"{figures['model']}: {plural(figures['boxes'], 'box', 'boxes')} from score "
        f"{figures['score']:.2f} on {galaxies}, searched again with the host's light "
        "in place of what is in the box:"
    ]
    for kind, names in KINDS.items():
        row = figures[kind]
        if row["boxes"]:
            said = _share_in_words(row, row["unexplained"])
            lines.append(f"  {plural(row['boxes'], *names)}: {said} proposed still")
    beside = figures["lost_beside"]
    if beside["boxes"]:
        said = _share_in_words(beside, beside["lost"])
        lines.append(f"  as large a part beside the box replaced: {said} lost")
    odd = [one for one in figures["each"] if not one["explained"]]
    for one in odd[:_NAMED]:
        x, y = (one["box"][0] + one["box"][2]) / 2, (one["box"][1] + one["box"][3]) / 2
        lines.append(
            f"  not explained by the clump: {one['cutout']} at x {x:.0f}, y {y:.0f}, "
            f"score {one['score']:.2f}, erased {one['erased']:.2f}"
        )
    if len(odd) > _NAMED:
        lines.append(f"  and {len(odd) - _NAMED} more; --out lists all")
    return lines


def _share_in_words(row: JsonObject, some: int) -> str:
    if row["boxes"] < FEWEST:
        return f"{some} of {row['boxes']}"
    low, high = row["95"]
    return f"{100 * row['share']:.1f} % ({100 * low:.1f} to {100 * high:.1f}, 95 %)"
