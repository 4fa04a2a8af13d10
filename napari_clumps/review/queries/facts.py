"""What is known of every cutout in columns, to colour a map by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from napari_clumps.review.storage.records import KEPT
from napari_clumps.review.storage.store import Store, load

from .score_filter import STRONG, Least, parameters

#: States of a cutout.
STATES = ("not done", "done", "held out")


@dataclass(frozen=True)
class CutoutFacts:
    """What is known of n cutouts, in the order of their ids.

    Attributes
    ----------
    ids : int array of shape (n,)
    states : array of str of shape (n,)
        Some of `STATES`.
    clumps : float array of shape (n,)
        Kept boxes and, where a cutout is not done, proposals from the score on that is
        shown. NaN on a held-out cutout that is not done: what a model says of it must
        not be known before.
    scores : float array of shape (n,)
        The highest score of a box; NaN where there is none, or it must not be known.
    interests : float array of shape (n,)
        0 to 3, NaN where it is not said.
    folders : array of str (n,)
        Names of the folders of the images: those of one survey often share one.
    """

    ids: NDArray[np.int64]
    states: NDArray[np.str_]
    clumps: NDArray[np.float64]
    scores: NDArray[np.float64]
    interests: NDArray[np.float64]
    folders: NDArray[np.object_]

    def of(self, cutout_ids: NDArray[np.int64]) -> CutoutFacts:
        """Return what is known of some of the cutouts, in their order.

        Parameters
        ----------
        cutout_ids : int array of shape (m,)
            Each among `ids`.
        """
        rows = np.searchsorted(self.ids, cutout_ids)
        return CutoutFacts(
            self.ids[rows],
            self.states[rows],
            self.clumps[rows],
            self.scores[rows],
            self.interests[rows],
            self.folders[rows],
        )


def read_facts(store: Store, least: Least) -> CutoutFacts:
    """Read what is known of every cutout.

    Parameters
    ----------
    store : Store
    least : callable
        Gives the score from which a model's proposals count, by its id.
    """
    rows = store.rows(
        "SELECT c.id, c.held_out, c.done, "
        f"{' + '.join(f'c.{status}' for status in KEPT)}, "
        "coalesce(strong, 0), best, c.interest, c.files FROM cutouts AS c LEFT JOIN "
        "(SELECT cutout, max(score) AS best, "
        f"sum(status = 'proposal' AND {STRONG}) AS strong FROM boxes GROUP BY cutout) "
        "AS b ON b.cutout = c.id ORDER BY c.id",
        parameters(store, least),
    )
    columns = list(zip(*rows, strict=True)) or [()] * 8
    held_out, done, kept, strong = (np.array(c, np.int64) for c in columns[1:5])
    state = np.where(held_out > 0, 2, done)
    untold = (held_out > 0) & (done == 0)
    clumps = kept + np.where(done > 0, 0, strong)
    scores = np.array(columns[5], np.float64)  # None becomes NaN
    return CutoutFacts(
        np.array(columns[0], np.int64),
        np.array(STATES)[state],
        np.where(untold, np.nan, clumps),
        np.where(untold, np.nan, scores),
        np.array(columns[6], np.float64),
        np.array([_folder(files) for files in columns[7]], object),
    )


def _folder(files: str) -> str:
    """Return the name of the folder of a cutout's first file."""
    (_, path), *_ = load(files)
    return PurePath(path).parent.name
