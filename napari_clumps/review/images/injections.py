"""Galaxies with injected clumps among the others, which measure completeness.

Each is a galaxy of the review once more, with simulated clumps in its image. It comes
before a cutout that chance selects, in every order of the queue.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clump_detector.image_files.added_light import AddedLight
from napari_clumps.review.storage.records import Change
from napari_clumps.review.storage.store import Store, load

from .cutouts import Cutouts

#: A galaxy with injected clumps is at least this many cutouts from itself.
APART = 20


def candidates(store: Store, n: int, seed: str) -> list[int]:
    """Return up to n cutouts to inject clumps into, chosen at random.

    Those that a model has searched come first, since a cutout without proposals would
    give itself away among others. No galaxy has clumps injected twice.

    Parameters
    ----------
    store : Store
    n : int
    seed : str
        Of the choice.
    """
    rows = store.rows(
        "SELECT id, model IS NULL FROM cutouts WHERE NOT held_out "
        "AND repeat_of IS NULL AND id NOT IN (SELECT repeat_of FROM cutouts "
        "WHERE injected IS NOT NULL) "
        "ORDER BY id"
    )
    random.Random(f"{seed} {len(rows)} injected").shuffle(rows)
    rows.sort(key=lambda row: row[1])
    return [row[0] for row in rows[:n]]


def injection_changes(
    cutouts: Cutouts,
    store: Store,
    clumps: Mapping[int, Sequence[AddedLight]],
    seed: str,
) -> Iterator[Change]:
    """Yield the changes that add galaxies with injected clumps to a review.

    Parameters
    ----------
    cutouts : Cutouts
    store : Store
    clumps : mapping of int to sequence of AddedLight
        What is injected, by the cutout whose galaxy it is.
    seed : str
        Of their places among the others.
    """
    rows = store.rows("SELECT id FROM cutouts WHERE NOT done AND repeat_of IS NULL")
    undone = [row[0] for row in rows]
    records = [cutouts.get(cutout_id) for cutout_id in clumps]
    again = list(cutouts.adopt_changes(records))
    for record, change in zip(records, again, strict=True):
        chance = random.Random(f"{seed} {record.id} before")
        far = [i for i in undone if abs(i - record.id) >= 2 * APART] or undone
        injected = {
            "before": chance.choice(far) if far else None,
            "clumps": [one.to_json() for one in clumps[record.id]],
        }
        after = {
            **(change.after or {}),
            "held_out": False,
            "repeat_of": record.id,
            "injected": injected,
        }
        yield replace(change, after=after)


def switch_changes(store: Store, shown: bool) -> Iterator[Change]:
    """Yield the changes that show the galaxies with injected clumps, or none of them.

    Parameters
    ----------
    store : Store
    shown : bool
    """
    rows = store.rows(
        "SELECT id FROM cutouts WHERE injected IS NOT NULL AND withdrawn = ?", (shown,)
    )
    for (cutout_id,) in rows:
        before, after = {"withdrawn": shown}, {"withdrawn": not shown}
        yield Change("withdraw", cutout_id, None, before, after)


def injected_among(store: Store, ids: Sequence[int]) -> Sequence[int]:
    """Return cutouts of a queue with those with injected clumps in their places.

    Parameters
    ----------
    store : Store
    ids : sequence of int
        In the queue's order; those with injected clumps may be anywhere.
    """
    rows = store.rows(
        "SELECT id, repeat_of, withdrawn, injected FROM cutouts "
        "WHERE injected IS NOT NULL ORDER BY id"
    )
    if not rows:
        return ids
    every = {row[0] for row in rows}
    there = every.intersection(ids)
    others = [i for i in ids if i not in every]
    place = {cutout_id: float(k) for k, cutout_id in enumerate(others)}
    for number, first, withdrawn, injected in rows:
        if number in there and not withdrawn:
            before = load(injected)["before"]
            # One whose place was passed comes next.
            at = (len(others) if before is None else place.get(before, 0)) - 0.5
            own = place.get(first)
            if own is not None and abs(own - at) < APART:
                later = own + APART < len(others)
                at = own + APART + 0.5 if later else own - APART - 0.5
            place[number] = at
    return sorted(place, key=place.__getitem__)
