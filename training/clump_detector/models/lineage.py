"""Which model was made from which, as the cards in the list record it.

A card names its parent by name and hash of the weights. Names change, weights do not:
the hash is what a parent is found by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clump_detector.core.json_types import JsonObject

from .card import ModelCard
from .registry import ModelEntry

_ID = re.compile(r"(.*)-([0-9a-f]{8})")


@dataclass(frozen=True)
class Ancestor:
    """A model that another one was made from.

    Attributes
    ----------
    model_id : str
        As the younger model's card names it; it may have another name by now.
    entry : ModelEntry or None
        Its entry in the list, if it is still there.
    learned_from : dict
        What it learned from, as far as its own card or the younger one's records.
    """

    model_id: str
    entry: ModelEntry | None
    learned_from: JsonObject

    @property
    def name(self) -> str:
        """The name it has now, or its id where it is not in the list."""
        return self.model_id if self.entry is None else self.entry.name


@dataclass(frozen=True)
class Descent:
    """A row of the tree of models.

    Attributes
    ----------
    entry : ModelEntry
    depth : int
        0 for a model without an ancestor in the list.
    """

    entry: ModelEntry
    depth: int


def split_id(model_id: str) -> tuple[str, str]:
    """Return name and hash of a model's id; the hash may be empty."""
    found = _ID.fullmatch(model_id)
    return (found[1], found[2]) if found else (model_id, "")


def same_model(one: str, other: str) -> bool:
    """Whether two ids are of one model: by the hash, by the name where one has none.

    Parameters
    ----------
    one, other : str
        Ids, ``name-hash`` or a name alone.
    """
    (name, digest), (other_name, other_digest) = split_id(one), split_id(other)
    if digest and other_digest:
        return digest == other_digest
    return name == other_name


def find_by_id(model_id: str, entries: Sequence[ModelEntry]) -> ModelEntry | None:
    """Return the model of an id; of copies the one that still has the name.

    Parameters
    ----------
    model_id : str
    entries : sequence of ModelEntry
    """
    found = [
        entry
        for entry in entries
        if entry.card is not None and same_model(model_id, entry.card.model_id)
    ]
    named = [entry for entry in found if entry.name == split_id(model_id)[0]]
    return next(iter([*named, *found]), None)


def ancestors(card: ModelCard, entries: Sequence[ModelEntry]) -> list[Ancestor]:
    """Return what a model was made from, its parent first.

    An ancestor that is no longer in the list is there by its id, as long as younger
    cards record it.

    Parameters
    ----------
    card : ModelCard
    entries : sequence of ModelEntry
        All models of the list.
    """
    found: list[Ancestor] = []
    met = [card.model_id]
    learned = card.learned_from
    while (parent := learned.get("parent")) and isinstance(parent, str):
        if any(same_model(parent, one) for one in met):
            break  # an edited card; without end otherwise
        met.append(parent)
        entry = find_by_id(parent, entries)
        told = learned.get("parent_learned_from") or {}
        learned = (
            told if entry is None or entry.card is None else (entry.card.learned_from)
        )
        found.append(Ancestor(parent, entry, learned))
    return found


def children(entry: ModelEntry, entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Return the models right below one in the tree.

    Parameters
    ----------
    entry : ModelEntry
    entries : sequence of ModelEntry
        All models of the list.
    """
    return [e for e in entries if _above(e, entries) is entry]


def tree(entries: Sequence[ModelEntry]) -> list[Descent]:
    """Return the models so that each follows the one it was made from.

    Where that one is gone, below the nearest ancestor that is there. Broken ones,
    whose cards cannot be read, come last.
    """
    above = {id(e): _above(e, entries) for e in entries}

    def below(parent: ModelEntry | None, depth: int) -> Iterator[Descent]:
        for entry in entries:
            if entry.card is not None and above[id(entry)] is parent:
                yield Descent(entry, depth)
                yield from below(entry, depth + 1)

    whole = list(below(None, 0))
    shown = {id(line.entry) for line in whole}
    return whole + [Descent(e, 0) for e in entries if id(e) not in shown]


def _above(entry: ModelEntry, entries: Sequence[ModelEntry]) -> ModelEntry | None:
    """Return the nearest ancestor in the list."""
    if entry.card is None:
        return None
    for ancestor in ancestors(entry.card, entries):
        if ancestor.entry is not None:
            return ancestor.entry
    return None


def newest_verdict(card: ModelCard, against: str | None = None) -> JsonObject:
    """Return the newest verdict on a model.

    Parameters
    ----------
    card : ModelCard
    against : str, optional
        Id of the other model; any unless given.

    Returns
    -------
    dict
        One of `ModelCard.verdicts`; empty where there is none.
    """
    for verdict in reversed(card.verdicts):
        if against is None or same_model(str(verdict.get("against", "")), against):
            return dict(verdict)
    return {}
