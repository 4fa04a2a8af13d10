"""Which cutouts of a label set a model is evaluated on: none that it learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clump_detector.core.errors import LabelError
from clump_detector.core.text import plural
from clump_detector.images.identity import believed, groups, keys_at_hand, with_pixels
from clump_detector.labels.label_set import LabelledCutout, LabelSet, read_label_set
from clump_detector.models.card import ModelCard, read_card

Which = Literal["all", "held_out"]


@dataclass(frozen=True)
class Chosen:
    """The cutouts to evaluate on, and what was left out.

    Attributes
    ----------
    cutouts : list of LabelledCutout
    left_out : int
        Cutouts that one of the models, or an ancestor of it, has learned from.
    notes : tuple of str
        Sentences about that.
    """

    cutouts: list[LabelledCutout]
    left_out: int = 0
    notes: tuple[str, ...] = ()


def choose(labels: LabelSet | Path, which: Which, models: Sequence[Path]) -> Chosen:
    """Return the done cutouts that no model has learned from.

    Only done cutouts know all their clumps. Of several images of one galaxy the first
    counts.

    Parameters
    ----------
    labels : LabelSet or path
    which : {"all", "held_out"}
    models : sequence of path
        Model folders.

    Raises
    ------
    LabelError
        If none is left.
    ModelError
        If a model's card cannot be read.
    """
    path = None if isinstance(labels, LabelSet) else labels
    found = labels if isinstance(labels, LabelSet) else read_label_set(labels)
    done = [c for c in found.cutouts if c.done and (c.held_out or which == "all")]
    kind = "held-out cutout" if which == "held_out" else "cutout"
    if not done:
        raise LabelError(
            f"no {kind} is done, so there is nothing to evaluate on",
            path,
            f"Review some {kind}s, and mark those as done whose clumps are all boxed.",
        )
    cards = [read_card(model) for model in models]
    learned = frozenset[str]().union(*(card.learned_keys for card in cards))
    keys = [set(own) for own in believed([_keys(c) for c in done])]
    new = [c for c, own in zip(done, keys, strict=True) if learned.isdisjoint(own)]
    once = _first_of_each([own for own in keys if learned.isdisjoint(own)])
    left_out = len(done) - len(new)
    if not once:
        raise LabelError(
            f"a model has learned from every {kind} that is done ({left_out} of them), "
            "so there is nothing to evaluate on",
            path,
            "Set other cutouts done, which no model has learned from.",
        )
    notes = _notes(kind, left_out, len(new) - len(once), cards)
    return Chosen([new[i] for i in once], left_out, notes)


def _notes(
    kind: str, left_out: int, twins: int, cards: Sequence[ModelCard]
) -> tuple[str, ...]:
    """Return sentences on what was left out, and on what could not be."""
    notes = []
    if left_out:
        notes.append(
            f"{plural(left_out, f'{kind} was', f'{kind}s were')} left out, because a "
            "model or one it comes from has learned from them."
        )
    if twins:
        notes.append(
            f"{plural(twins, 'other image', 'other images')} of the same "
            "galaxies did not count again."
        )
    unknown = sorted({name for card in cards for name in card.unknown_ancestors})
    if unknown:
        notes.append(
            f"{' and '.join(unknown)}: which images this learned from is not recorded, "
            "so none of them could be left out."
        )
    return tuple(notes)


def _keys(cutout: LabelledCutout) -> tuple[str, ...]:
    """Return a cutout's keys; without its file those that the label set gives."""
    keys = dict.fromkeys((*cutout.keys, *keys_at_hand(cutout.source)))
    return with_pixels(cutout.source, tuple(keys))


def _first_of_each(keys: Sequence[set[str]]) -> list[int]:
    """Return the indices of the first image of each galaxy."""
    which = groups([own or {f"name:{i}"} for i, own in enumerate(keys)])
    return sorted({group: i for i, group in reversed(list(enumerate(which)))}.values())
