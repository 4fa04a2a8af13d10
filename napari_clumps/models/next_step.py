"""Advice after a training, in a sentence. Pure functions."""

from __future__ import annotations

from clump_detector.core.json_types import JsonObject

_OR_TRY = "or use the new model and check its proposals yourself."


def next_step(comparison: JsonObject | None, left: int) -> str:
    """Return what the user can do after a training.

    Parameters
    ----------
    comparison : dict or None
        Result of the comparison with the old model; None if there is none.
    left : int
        Number of held-out cutouts that are not done.
    """
    verdict = None if comparison is None else comparison.get("verdict")
    if comparison is None:
        return f"Compare it with the old one, {_OR_TRY}"
    if verdict is None:  # it could not be compared
        first = f"Set {_cutouts(left)} done" if left else "Add galaxies to this review"
        return f"{first} and compare again, {_OR_TRY}"
    if verdict == "better":
        return "Use the new model: it proposes on all cutouts that are not done."
    if verdict == "worse":
        return "Keep the old model, correct more cutouts and retrain."
    needed = comparison.get("more_needed")
    if not left:
        return (
            "Every held-out cutout is done: add galaxies to this review for a clearer "
            f"answer, {_OR_TRY}"
        )
    if not isinstance(needed, int) or needed < 1:
        return f"Set more held-out cutouts done and compare again, {_OR_TRY}"
    if needed <= left:
        return f"Set {_cutouts(needed, 'more')} done and compare again, {_OR_TRY}"
    return (
        f"Set the {_cutouts(left)} that {'is' if left == 1 else 'are'} left done, add "
        f"galaxies to this review and compare again, {_OR_TRY}"
    )


def _cutouts(n: int, more: str = "") -> str:
    """Return a number of held-out cutouts in words."""
    words = [str(n), more, "held-out", "cutout" if n == 1 else "cutouts"]
    return " ".join(word for word in words if word)
