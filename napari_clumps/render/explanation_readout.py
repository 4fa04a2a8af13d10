"""Why a box is proposed, as text and rows, for the panel "Why this box"."""

from __future__ import annotations

from dataclasses import dataclass

from clump_detector.models.explained import Explanation

#: A score beside the clump that falls by more than this is worth a sentence.
_FELL = 0.1


@dataclass(frozen=True)
class ExplanationReadout:
    """What the panel says of a box.

    Attributes
    ----------
    verdict : str
        Whether the clump explains the box.
    warns : bool
        Whether the verdict is a warning.
    rows : tuple of (str, str)
        What was changed, and the score then.
    notes : tuple of str
        What else there is to say.
    """

    verdict: str
    warns: bool = False
    rows: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def explanation_readout(found: Explanation) -> ExplanationReadout:
    """Return what there is to say of an explanation.

    Parameters
    ----------
    found : Explanation
    """
    if not found.found:
        return ExplanationReadout("The model sees no clump in this box.")
    fell = f"the score falls from {found.score:.2f} to {found.erased:.2f}"
    if found.explained:
        verdict = f"Explained by the clump: with it erased {fell}."
    else:
        verdict = (
            f"Not explained by the clump: with it erased the score is still "
            f"{found.erased:.2f}, of {found.score:.2f}. Something else makes the model "
            "propose this box."
        )
    rows = [
        ("as it is", f"{found.score:.2f}"),
        ("clump erased", f"{found.erased:.2f}"),
    ]
    rows += [
        (f"clump erased in {band} only", f"{score:.2f}")
        for band, score in found.without.items()
    ]
    notes = []
    if found.beside is None:
        notes.append("There is no place beside the clump to compare with.")
    else:
        rows.append(("a place beside it erased", f"{found.beside:.2f}"))
        if found.beside < found.score - _FELL:
            notes.append("What is beside the clump counts, too.")
    if found.score < found.limit:
        notes.append(
            f"The model proposes boxes from {found.limit:.2f} up, so not this one."
        )
    return ExplanationReadout(verdict, not found.explained, tuple(rows), tuple(notes))
