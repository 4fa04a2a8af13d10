"""In which order galaxies are labelled: what teaches most first, and some at random.

Nothing here knows of files, models or windows: arrays come in, an order goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.core.text import plural
from clump_detector.models.arms import CHOSEN, RANDOM

from .distances import Apart

Ids = NDArray[np.int64]

#: The orders that `rank` knows.
INFORMATIVE, DIVERSE, BOTH = (
    "most informative",
    "diverse",
    "informative and diverse",
)
ORDERS = (INFORMATIVE, DIVERSE, BOTH)

#: Each place with this number is taken by one drawn at random.
EVERY = 5

#: Boxes of a cutout whose information counts, the highest.
COUNTED = 5

#: "informative and diverse" chooses a batch among this many batches of the pool.
BATCH, BATCHES = 25, 4

#: A cutout is unlike what is labelled from this share of the usual squared distance of
#: two cutouts on, and like it up to that share.
FAR, NEAR = 0.5, 0.2

#: Words that say why.
AT_RANDOM = "chosen at random, so that figures stay honest"
NOT_DESCRIBED = "not described yet"
TYPICAL = "looks like most of the others; nothing is labelled yet"
UNLIKE = "looks unlike everything labelled so far"
LESS_UNLIKE = "looks a little unlike what is labelled so far"
ALIKE = "looks like some that are labelled"
NO_SPLIT = "no box on which the heads are split"


@dataclass(frozen=True)
class Choice:
    """A cutout in its place of the order.

    Attributes
    ----------
    cutout : int
        Its id.
    arm : str
        `CHOSEN` or `RANDOM`.
    reason : str
        Why it comes here, in words.
    """

    cutout: int
    arm: str
    reason: str


@dataclass(frozen=True)
class Pool:
    """What is known of the cutouts that may be chosen, one row each.

    Attributes
    ----------
    ids : int array of shape (n,)
        In the order of the catalogue.
    information : array of shape (n,)
        In nats; NaN where a cutout is not described. See `information_by_cutout`.
    split : int array of shape (n,)
        Boxes on which the heads are split.
    vectors : array of shape (n, D)
        Embeddings; NaN where there is none.
    labelled : array of shape (m, D)
        Embeddings of what is labelled already; rows with NaN do not count.
    """

    ids: Ids
    information: Floats
    split: Ids
    vectors: AnyArray
    labelled: AnyArray

    @classmethod
    def of(
        cls,
        ids: ArrayLike,
        information: ArrayLike,
        split: ArrayLike,
        vectors: ArrayLike,
        labelled: ArrayLike,
    ) -> Pool:
        """Return the arrays, after a look whether there is one row of each.

        Raises
        ------
        ValueError
            If there is not.
        """
        ids = np.asarray(ids, dtype=np.int64).reshape(-1)
        made = cls(
            ids,
            np.asarray(information, dtype=np.float64).reshape(-1),
            np.asarray(split, dtype=np.int64).reshape(-1),
            np.atleast_2d(np.asarray(vectors)),
            np.asarray(labelled),
        )
        n = len(ids)
        if n and not n == len(made.information) == len(made.split) == len(made.vectors):
            raise ValueError(
                f"{n} cutouts have {len(made.information)} values of information, "
                f"{len(made.split)} of split boxes and {len(made.vectors)} embeddings"
            )
        return made

    def words(self, i: int | np.intp) -> str:
        """Return what the heads say of a cutout."""
        n = int(self.split[i])
        if not n:
            return NO_SPLIT
        return f"{plural(n, 'box', 'boxes')} on which the heads are split"


def rank(
    order: str, pool: Pool, seed: int, first: int = 200, since: int = 0
) -> list[Choice]:
    """Return all cutouts of a pool in the order in which they should be labelled.

    Every fifth place goes to a cutout drawn at random from those that are left: what
    is measured on these alone is not distorted by the choice of the others (but for
    those that were chosen before and cannot be drawn). The order of drawing depends on
    the id and the seed only, so that it stays when the pool gets smaller.

    What an order needs to know of a cutout and does not (NaN) puts it last, in the
    order of the pool.

    Parameters
    ----------
    order : str
        "most informative"; "diverse": always the one farthest from all that are
        labelled or come before it (k-centre greedy; Sener & Savarese 2018, "Active
        learning for convolutional neural networks: a core-set approach"), distances
        being those of standardised vectors; "informative and diverse": the same among
        the most informative hundred, for twenty-five at a time.
    pool : Pool
    seed : int
        Of what is drawn at random.
    first : int
        So many places are chosen one after the other; the others come by the distance
        or the information that they have then.
    since : int
        Cutouts that were shown since the last one at random: orders are made anew all
        the time, and the share has to hold over all of them.

    Raises
    ------
    ValueError
        If the order is unknown, or embeddings are of two encoders.
    """
    if order not in ORDERS:
        raise ValueError(f"no order {order!r}; there are: {', '.join(ORDERS)}")
    if not len(pool.ids):
        return []
    missing = np.isnan(pool.information)
    if order == INFORMATIVE:
        # Stable: equal ones stay as in the catalogue.
        picks: Iterator[tuple[int, str]] = (
            (int(i), pool.words(i))
            for i in np.argsort(-pool.information, kind="stable")
            if not missing[i]
        )
        taken = np.zeros(len(pool.ids), dtype=bool)
        return _interleaved(pool, picks, taken, seed, since)
    apart = Apart(pool.vectors, pool.labelled)
    if order == DIVERSE:
        missing = apart.unknown
        choose = _farthest
    else:
        missing = missing | apart.unknown
        choose = _farthest_informative
    taken = np.zeros(len(pool.ids), dtype=bool)
    picks = choose(pool, apart, taken, missing, first)

    placed = count(1)

    def follow(i: int) -> None:
        # Later ones are not chosen by what came just before; it would take hours.
        if next(placed) <= first:
            apart.add(i)

    return _interleaved(pool, picks, taken, seed, since, follow)


def information_by_cutout(boxes: AnyArray) -> tuple[Ids, Floats, Ids]:
    """Return ids, information and number of split boxes of the cutouts of some boxes.

    Parameters
    ----------
    boxes : structured array of shape (n,)
        Fields ``cutout``, ``found``, ``information``, ``votes``, ``heads``. Boxes that
        the model has not found itself do not count.

    Returns
    -------
    ids : int array of shape (k,)
        Of each cutout that has a box in the table, from the lowest up.
    information : array of shape (k,)
        Sum of the five highest, in nats: a label of a cutout is one of all its boxes,
        but many boxes that all tell a little are not as good as a few that tell much.
        An unknown one (NaN) counts as none.
    split : int array of shape (k,)
        Boxes that some heads call clumps, and some do not.
    """
    ids, which = np.unique(boxes["cutout"], return_inverse=True)
    found = np.asarray(boxes["found"], dtype=bool)
    which, boxes = which.reshape(-1)[found], boxes[found]
    gain = np.nan_to_num(np.asarray(boxes["information"], dtype=np.float64))
    order = np.lexsort((-gain, which))
    which, gain = which[order], gain[order]
    start = np.searchsorted(which, np.arange(len(ids)))
    kept = np.arange(len(which)) - start[which] < COUNTED
    summed = np.bincount(which[kept], weights=gain[kept], minlength=len(ids))
    votes, heads = boxes["votes"][order], boxes["heads"][order]
    divided = (votes > 0) & (votes < heads)
    split = np.bincount(which[divided], minlength=len(ids))
    return ids.astype(np.int64), summed.astype(np.float64), split.astype(np.int64)


def _farthest(
    known: Pool,
    apart: Apart,
    taken: NDArray[np.bool_],
    missing: NDArray[np.bool_],
    first: int,
) -> Iterator[tuple[int, str]]:
    """Give the farthest that is left, again and again; after ``first`` as it is then.

    Whoever takes one marks it in ``taken``.
    """
    open_ = ~(taken | missing)
    while open_.any() and taken.sum() < first:
        i = apart.farthest(open_)
        yield i, _how_unlike(apart, i)
        open_ = ~(taken | missing)
    distance = apart.distance.copy()
    rest = np.flatnonzero(open_)
    for i in rest[np.argsort(-distance[rest], kind="stable")]:
        yield int(i), _how_unlike(apart, int(i))


def _farthest_informative(
    known: Pool,
    apart: Apart,
    taken: NDArray[np.bool_],
    missing: NDArray[np.bool_],
    first: int,
) -> Iterator[tuple[int, str]]:
    """As `_farthest`, batch by batch among the most informative that are left."""
    by_gain = np.argsort(-known.information, kind="stable")
    by_gain = by_gain[~missing[by_gain]]
    while taken.sum() < first:
        left = by_gain[~taken[by_gain]]
        if not len(left):
            return
        for _ in range(min(BATCH, len(left))):
            among = np.zeros(len(taken), dtype=bool)
            among[left[: BATCH * BATCHES]] = True
            among &= ~taken
            if not among.any() or taken.sum() >= first:
                break
            i = apart.farthest(among)
            yield i, f"{known.words(i)}; {_how_unlike(apart, i)}"
    for i in by_gain[~taken[by_gain]]:
        yield int(i), known.words(i)


def _how_unlike(apart: Apart, i: int) -> str:
    """Return how far a cutout is from what is labelled, in words."""
    if not np.isfinite(apart.distance[i]):
        return TYPICAL
    share = apart.distance[i] / max(apart.usual, 1e-9)
    return UNLIKE if share > FAR else LESS_UNLIKE if share > NEAR else ALIKE


def _interleaved(
    known: Pool,
    picks: Iterator[tuple[int, str]],
    taken: NDArray[np.bool_],
    seed: int,
    since: int,
    tell: Callable[[int], None] = lambda _: None,
) -> list[Choice]:
    """Return all of the pool: the picks, each fifth at random, then what is unknown.

    ``tell`` is called with each one that got its place, before the next pick.
    """
    drawn = iter(np.argsort(_lots(known.ids, seed), kind="stable").tolist())
    unknown = iter(range(len(known.ids)))
    found: list[Choice] = []
    while len(found) < len(known.ids):
        if (since + len(found) + 1) % EVERY == 0:
            i, arm, reason = _next(drawn, taken), RANDOM, AT_RANDOM
        else:
            arm = CHOSEN
            i, reason = next(
                ((i, why) for i, why in picks if not taken[i]), (-1, NOT_DESCRIBED)
            )
            if i < 0:
                i = _next(unknown, taken)
        taken[i] = True
        tell(i)
        found.append(Choice(int(known.ids[i]), arm, reason))
    return found


def _next(candidates: Iterator[int], taken: NDArray[np.bool_]) -> int:
    return next(i for i in candidates if not taken[i])


def _lots(ids: Ids, seed: int) -> NDArray[np.uint64]:
    """Return a number for each id that looks random (SplitMix64, Steele et al. 2014).

    Unlike a permutation it does not change for one id when others are gone.
    """
    with np.errstate(over="ignore"):
        stream = np.uint64(seed % 2**32) * np.uint64(0xD1342543DE82EF95)
        z = ids.astype(np.uint64) + stream
        z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))
