"""Batches on the workers: which are sent, what comes back, what becomes of failures."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from clump_detector.core.errors import ClumpError, FileError, from_os_error

from .batch import Found, Task, problem_row, search_batch
from .dataset.parts import Parts
from .dataset.tables import CUTOUT, PROBLEMS, table_of, tables_joined
from .items import Item, stamp_or_none

if TYPE_CHECKING:
    from distributed import Client, Future

#: Batches that each core has waiting, so that it never waits itself.
_AHEAD = 3

#: A part is written after so many cutouts, or so many seconds.
_PART, _EVERY = 2_000, 20.0

#: So many batches in a row, with so many cutouts, of which nothing can be reached end a
#: run.
_UNREACHABLE, _UNREACHABLE_CUTOUTS = 3, 30

#: Seconds after which a batch that is not full is sent, and results are looked for:
#: cutouts that are downloaded come slowly.
_SOON = 2.0

#: A cutout is slow that takes so many times the median, and at least these seconds.
_SLOW, _SLOW_SECONDS = 10, 2.0

#: The log of slow and failed cutouts in a dataset, a JSON object a line.
LOG = "log.jsonl"

#: A cutout, and how often it failed before.
Open: TypeAlias = tuple[Item, int]


@dataclass(frozen=True)
class Progressed:
    """How far a run is.

    Attributes
    ----------
    done : int
        Cutouts done or failed, those of earlier runs included.
    total : int
        Cutouts in all, at most.
    failed : int
        Of this run.
    rate : float
        Cutouts a second since the first results of this run, since loading the
        model takes a while.
    """

    done: int
    total: int
    failed: int
    rate: float

    @property
    def seconds_left(self) -> float:
        """Time left at this rate."""
        return (self.total - self.done) / self.rate if self.rate else float("inf")


class Scheduling:
    """One run over the cutouts that are not done.

    Parameters
    ----------
    dataset : path
    task : Task
    batch : int
        Cutouts that a worker gets at a time.
    stop : threading.Event
        Set it to end.

    Attributes
    ----------
    searched, failed : int
        Cutouts so far.
    seconds : float
        From the first batch to the last result.
    """

    def __init__(
        self, dataset: Path, task: Task, batch: int, stop: threading.Event
    ) -> None:
        self._dataset, self._task, self._batch = dataset, task, batch
        self._stop = stop
        self._parts = Parts(dataset)
        self._waiting: list[Found] = []
        self._held: list[Found] = []
        self._written = time.monotonic()
        self._times: deque[float] = deque(maxlen=1000)
        self._again: deque[list[Open]] = deque()
        self._first: tuple[float, int] | None = None
        self.searched = self.failed = 0
        self.seconds = 0.0

    def events(
        self,
        client: Client,
        first: Open,
        others: Iterator[Open],
        total: int,
    ) -> Iterator[Progressed]:
        """Search cutouts on the workers until all are done, or `stop` is set.

        Parameters
        ----------
        client : distributed.Client
        first : (Item, int)
        others : iterator of (Item, int)
        total : int
            Cutouts in all, at most, those that are done included.

        Yields
        ------
        Progressed

        Raises
        ------
        ConfigError, ModelError
            If a worker refuses.
        FileError
            If the dataset cannot be written to, or the cutouts not be reached any more.
        ClumpError
            If the scheduler is lost.
        """
        batches = self._batches(first, others, total, client)
        running: dict[Future, list[Open]] = {}
        start = time.monotonic()
        try:
            while not self._stop.is_set():
                self._fill(client, batches, running)
                if not running:
                    break
                for future in _finished(client, running):
                    self._take(future, running.pop(future))
                self.seconds = time.monotonic() - start
                yield self._progress(total)
        except OSError as error:  # of files they would have come as ClumpError
            raise _scheduler_lost() from error
        finally:
            for future in running:
                _quietly_cancel(future)
            self._flush()

    def _progress(self, total: int) -> Progressed:
        n = self.searched + self.failed
        if self._first is None and n:
            self._first = self.seconds, n
        start, before = self._first or (0.0, 0)
        spent = self.seconds - start
        rate = (n - before) / spent if spent else 0.0
        return Progressed(n, total, self.failed, rate)

    def _batches(
        self, first: Open, others: Iterator[Open], total: int, client: Client
    ) -> Iterator[list[Open]]:
        """Yield batches, smaller ones of a short survey or of cutouts that come slowly.

        So all workers have some, and none waits for a batch to fill.
        """
        cores = max(sum(client.nthreads().values()), 1)
        size = max(min(self._batch, total // (2 * cores)), 1)
        group, begun = [first], time.monotonic()
        for one in others:
            if len(group) == size or time.monotonic() - begun > _SOON:
                yield group
                group, begun = [], time.monotonic()
            group.append(one)
        yield group

    def _fill(
        self,
        client: Client,
        batches: Iterator[list[Open]],
        running: dict[Future, list[Open]],
    ) -> None:
        """Send batches until each core has some ahead, or results may have come."""
        most = _AHEAD * max(sum(client.nthreads().values()), 1)
        begun = time.monotonic()
        while len(running) < most:
            if running and time.monotonic() - begun > _SOON:
                return
            batch = self._again.popleft() if self._again else next(batches, None)
            if batch is None:
                return
            items, failed = zip(*batch, strict=True)
            future = client.submit(search_batch, self._task, items, failed, pure=False)
            running[future] = batch

    def _take(self, future: Future, batch: list[Open]) -> None:
        """Take the result of a batch, or what became of it."""
        from distributed import CancelledError, KilledWorker

        try:
            found = future.result()
        except (ClumpError, OSError):
            raise  # a worker refuses, or the scheduler is lost
        except CancelledError as error:
            raise _scheduler_lost() from error
        except KilledWorker:
            found = self._lost(batch)
        except Exception as error:  # such as of a worker without this program
            words = " ".join(str(error).split())[:200]
            raise ClumpError(
                f"a worker failed ({type(error).__name__}: {words})",
                None,
                "Is the same version of napari-clumps installed for all workers? What "
                "was found is kept.",
            ) from error
        if found is None:
            return
        self._note(found)
        self.searched += len(found) - len(found.tables[PROBLEMS])
        self.failed += len(found.tables[PROBLEMS])
        self._keep(found)

    def _lost(self, batch: list[Open]) -> Found | None:
        """Return what to say of a batch whose workers were killed several times.

        One cutout of it may be the cause, so that each is tried by itself first.
        """
        if len(batch) > 1:
            self._again.extend([one] for one in batch)
            return None
        ((item, before),) = batch
        reason = "it ended the workers that searched it, one after the other"
        row = problem_row(self._task, item, stamp_or_none(item), reason, before)
        tables = tables_joined([{PROBLEMS: table_of(PROBLEMS, [row])}])
        return Found(tables, {item.address: float("nan")})

    def _keep(self, found: Found) -> None:
        """Have results written, but hold back those of a source that is gone."""
        if found.unreachable == len(found):
            self._held.append(found)
            if self._out_of_reach():
                reason = self._held[0].tables[PROBLEMS]["reason"][0].as_py()
                raise FileError(
                    f"the cutouts cannot be reached any more ({reason})",
                    self._dataset,
                    "Nothing is lost: start the same line again when they are there.",
                )
        else:
            self._waiting += [*self._held, found]
            self._held = []
        n = sum(map(len, self._waiting))
        if n >= _PART or time.monotonic() - self._written > _EVERY:
            self._flush(whole=False)

    def _out_of_reach(self) -> bool:
        """Return whether the source seems to be gone, such as a network folder."""
        n = sum(map(len, self._held))
        return len(self._held) >= _UNREACHABLE and n >= _UNREACHABLE_CUTOUTS

    def _flush(self, *, whole: bool = True) -> None:
        """Write what was found as a part; at the end also what was held back."""
        if whole and not self._out_of_reach():
            self._waiting += self._held
        if self._waiting:
            self._parts.write(tables_joined([found.tables for found in self._waiting]))
        self._waiting, self._written = [], time.monotonic()

    def _note(self, found: Found) -> None:
        """Write slow and failed cutouts into the log."""
        lines = [
            {"cutout": row["cutout"], "failed": row["reason"]}
            for row in found.tables[PROBLEMS].select([CUTOUT, "reason"]).to_pylist()
        ]
        usual = statistics.median(self._times) if self._times else float("inf")
        self._times.extend(s for s in found.seconds.values() if s == s)  # no NaN
        lines += [
            {"cutout": address, "seconds": round(seconds, 2)}
            for address, seconds in found.seconds.items()
            if seconds > max(_SLOW * usual, _SLOW_SECONDS)
        ]
        if not lines:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = "".join(json.dumps({"time": now, **line}) + "\n" for line in lines)
        path = self._dataset / LOG
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise from_os_error(error, path, "write") from error


def _finished(client: Client, running: dict[Future, list[Open]]) -> Sequence[Future]:
    """Return the batches that have come back, after half a second at most."""
    from distributed import wait

    if client.status not in ("running", "connecting"):
        raise _scheduler_lost()
    try:
        wait(list(running), timeout=0.5, return_when="FIRST_COMPLETED")
    except TimeoutError:
        return []
    except Exception as error:
        raise _scheduler_lost() from error
    return [future for future in running if future.done()]


def _scheduler_lost() -> ClumpError:
    return ClumpError(
        "the connection to the scheduler is lost",
        None,
        "What was found is kept: start the same line again once it is there.",
    )


def _quietly_cancel(future: Future) -> None:
    from contextlib import suppress

    with suppress(Exception):
        future.cancel()
