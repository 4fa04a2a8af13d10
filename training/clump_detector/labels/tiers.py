"""How far a clump can be trusted, by who has looked at it: its tier."""

from __future__ import annotations

from collections.abc import Iterable

from clump_detector.labels.label_set import LabelledBox

CONFIRMED, MODEL_ONLY, DISPUTED = "visually_confirmed", "model_only", "disputed"

#: The tiers, and what they are in words.
TIERS = {
    CONFIRMED: "visually confirmed",
    MODEL_ONLY: "proposed by a model only",
    DISPUTED: "disputed by reviewers",
}

#: Statuses of a box that is no clump, or is not decided.
_NO_CLUMP = ("rejected", "proposal")


def tier_of(kept: bool, opinions: Iterable[tuple[str, str]]) -> str:
    """Return the tier of a clump, one of `TIERS`.

    It is disputed where reviewers have decided differently on it, even if that was
    resolved later.

    Parameters
    ----------
    kept : bool
        Whether somebody has decided that it is a clump.
    opinions : iterable of (str, str)
        Status and class that each reviewer gave it.
    """
    said = {None if status in _NO_CLUMP else cls for status, cls in opinions}
    if len(said) > 1:
        return DISPUTED
    return CONFIRMED if kept else MODEL_ONLY


def tier_of_label(box: LabelledBox) -> str:
    """Return the tier of a box of a label set.

    Parameters
    ----------
    box : LabelledBox
        Opinions are those that a merged review had on it.
    """
    opinions = box.extra.get("opinions", ())
    return tier_of(
        box.status not in _NO_CLUMP, ((one["status"], one["cls"]) for one in opinions)
    )
