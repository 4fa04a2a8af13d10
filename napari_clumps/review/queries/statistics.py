"""Review statistics: seconds per decision, outcomes of proposals, and time left.

Times are those of the log. A gap of more than `BREAK` seconds between two decisions is
a break, which does not count. Decisions that were undone later count.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from clump_detector.core.text import plural
from napari_clumps.review.queries.score_filter import (
    STRONG,
    Least,
    everything,
    parameters,
)
from napari_clumps.review.storage.records import Status
from napari_clumps.review.storage.store import Store

#: Seconds without a decision that count as a break.
BREAK = 120.0

#: Width of a bin of scores.
SCORE_BIN = 0.1

#: Gaps between decisions below which no median is given.
FEWEST = 3

#: Kinds of log rows in which a box or a cutout is decided on.
_DECIDING = ("accept", "reject", "edit", "reclassify", "add", "done")

Key = TypeVar("Key", str, float)


@dataclass(frozen=True)
class Outcome:
    """Outcomes of proposals.

    Attributes
    ----------
    accepted, edited, rejected, open : int
        Numbers of proposals accepted unchanged, accepted after a change, rejected, and
        not decided yet.
    """

    accepted: int = 0
    edited: int = 0
    rejected: int = 0
    open: int = 0

    @property
    def decided(self) -> int:
        """Number of decided proposals."""
        return self.accepted + self.edited + self.rejected

    @property
    def share_kept(self) -> float | None:
        """Share of the decided proposals that are kept as clumps."""
        kept = self.accepted + self.edited
        return kept / self.decided if self.decided else None


@dataclass(frozen=True)
class ReviewStatistics:
    """Statistics of a review.

    Attributes
    ----------
    decisions : int
        Decisions on boxes and cutouts, undone ones included.
    active_seconds : float
        Time between decisions, breaks left out.
    seconds_per_decision : float or None
        Median over the steps, one key press each; None after too few of them.
    cutouts, done : int
    models : dict of str to Outcome
        Outcomes of each model's proposals.
    scores : dict of float to Outcome
        The same by score, the key being the bin's lower end.
    drawn : int
        Clumps that no model proposed.
    """

    decisions: int = 0
    active_seconds: float = 0.0
    seconds_per_decision: float | None = None
    cutouts: int = 0
    done: int = 0
    models: dict[str, Outcome] = field(default_factory=dict)
    scores: dict[float, Outcome] = field(default_factory=dict)
    drawn: int = 0

    @property
    def decisions_per_hour(self) -> float | None:
        """Decisions in an hour without breaks."""
        if not self.active_seconds:
            return None
        return 3600 * self.decisions / self.active_seconds

    @property
    def seconds_per_cutout(self) -> float | None:
        """Seconds without breaks for each cutout that is done, on average."""
        if not self.done or not self.active_seconds:
            return None
        return self.active_seconds / self.done

    @property
    def hours_left(self) -> float | None:
        """Hours without breaks until all is done, at the average rate so far."""
        each = self.seconds_per_cutout
        return None if each is None else (self.cutouts - self.done) * each / 3600


def statistics_in_words(found: ReviewStatistics) -> list[str]:
    """Return in sentences how fast the review proceeds, and how much is left."""
    sentences = [f"{plural(found.decisions, 'decision')} so far."]
    if found.seconds_per_decision is not None and found.decisions_per_hour is not None:
        sentences[0] = (
            f"{found.decisions} decisions in {_time(found.active_seconds)}: mostly "
            f"{found.seconds_per_decision:.1f} s each, {found.decisions_per_hour:.0f} "
            "an hour."
        )
    left = f"{found.done} of {found.cutouts} cutouts are done"
    if found.seconds_per_cutout is not None:
        left += f", {_time(found.seconds_per_cutout)} each on average"
    if found.hours_left:
        left += f"; at this rate the rest takes {_time(3600 * found.hours_left)}"
    sentences.append(f"{left}.")
    if found.drawn:
        sentences.append(
            f"{plural(found.drawn, 'clump')} drawn that no model proposed."
        )
    return sentences


def _time(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


class StatisticsReader:
    """Computes the statistics of a review; each call reads new rows of the log only.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seq = 0
        self._decisions = 0
        self._gaps: list[float] = []
        self._last: dict[str | None, float] = {}

    def read(self, least: Least = everything) -> ReviewStatistics:
        """Return how it goes now; the first call reads the whole log.

        Parameters
        ----------
        least : callable
            Gives the score from which a model's undecided proposals are counted.
        """
        self._read_log()
        sums = (
            "SELECT count(*), coalesce(sum(done), 0) FROM cutouts WHERE NOT withdrawn"
        )
        ((cutouts, done),) = self._store.rows(sums)
        models, scores, drawn = _outcomes(self._store, least)
        gaps = self._gaps
        return ReviewStatistics(
            self._decisions,
            sum(gaps),
            statistics.median(gaps) if len(gaps) >= FEWEST else None,
            cutouts,
            done,
            models,
            scores,
            drawn,
        )

    def _read_log(self) -> None:
        marks = ", ".join("?" * len(_DECIDING))
        rows = self._store.rows(
            "SELECT seq, annotator, time, step FROM log "
            f"WHERE seq > ? AND kind IN ({marks}) ORDER BY seq",
            (self._seq, *_DECIDING),
        )
        self._decisions += len(rows)
        for (annotator, _), rows_of_step in groupby(rows, key=lambda r: (r[1], r[3])):
            self._seq, _, time, _ = list(rows_of_step)[-1]
            when = datetime.fromisoformat(time).timestamp()
            before = self._last.get(annotator)
            self._last[annotator] = when
            if before is not None and 0 <= when - before <= BREAK:
                self._gaps.append(when - before)


def _outcomes(
    store: Store, least: Least
) -> tuple[dict[str, Outcome], dict[float, Outcome], int]:
    """Return what became of proposals by model and by score, and how many are drawn."""
    rows = store.rows(
        "SELECT model, CAST(score / :bin + 1e-9 AS INTEGER), status, count(*) "
        f"FROM boxes WHERE (status != 'proposal' OR {STRONG}) AND cutout NOT IN "
        "(SELECT id FROM cutouts WHERE injected IS NOT NULL) GROUP BY 1, 2, 3",
        {"bin": SCORE_BIN, **parameters(store, least)},
    )
    models: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    scores: dict[float, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    drawn = 0
    for model, number, status, n in rows:
        if model is None:
            drawn += n if status in (Status.DRAWN, Status.EDITED) else 0
            continue
        models[model][status] += n
        if number is not None:
            low = round(min(number, round(1 / SCORE_BIN) - 1) * SCORE_BIN, 6)
            scores[low][status] += n
    return _named(models), _named(scores), drawn


def _named(found: Mapping[Key, Mapping[str, int]]) -> dict[Key, Outcome]:
    return {
        key: Outcome(
            accepted=found[key].get(Status.ACCEPTED, 0),
            edited=found[key].get(Status.EDITED, 0),
            rejected=found[key].get(Status.REJECTED, 0),
            open=found[key].get(Status.PROPOSAL, 0),
        )
        for key in sorted(found)
    }
