"""What of a survey is done: by address, stamp, content and model of each cutout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from clump_detector.core.errors import ClumpError
from clump_detector.survey_search.items import Item, stamp_or_none

from .collection import table_files
from .parts import Parts, read_parquet
from .tables import CUTOUT, CUTOUTS, PROBLEMS

#: Why a cutout is searched, or not.
DONE, NEW, CHANGED, FAILED, GIVEN_UP, OTHER_MODEL, UNREACHABLE = (
    "done", "new", "changed", "failed before", "given up", "of another model",
    "done, and not there now",
)  # fmt: skip

#: Those that are not searched.
_LEFT_ALONE = (DONE, GIVEN_UP, UNREACHABLE)


class Known(NamedTuple):
    """What is known of a cutout.

    Attributes
    ----------
    stamp : str
        Of its files when they were read.
    content : str
        Hash of the bytes of its files; empty where it failed.
    model : str
    attempts : int
        How often it failed; 0 where it was searched.
    """

    stamp: str
    content: str
    model: str
    attempts: int


class Manifest:
    """What is done in a dataset, and what is left.

    Parameters
    ----------
    dataset : path

    Attributes
    ----------
    counts : Counter
        How many of the items that were asked for are done, new, changed, ….
    """

    def __init__(self, dataset: Path) -> None:
        self._known: dict[str, Known] = {}
        self.counts: Counter[str] = Counter()
        self._seen: set[str] = set()
        for name in (CUTOUTS, PROBLEMS):
            for path in table_files(dataset, name):
                self._read(path, name)
        for part in Parts(dataset).files():
            for name in (CUTOUTS, PROBLEMS):
                self._read(part / f"{name}.parquet", name)

    def _read(self, path: Path, name: str) -> None:
        fourth = "content" if name == CUTOUTS else "attempts"
        table = read_parquet(path, name, [CUTOUT, "stamp", "model", fourth])
        for address, stamp, model, last in zip(
            *(column.to_pylist() for column in table.columns), strict=True
        ):
            content, attempts = (last, 0) if name == CUTOUTS else ("", last)
            self._known[address] = Known(stamp, content, model, attempts)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def left_alone(self) -> int:
        """How many of the items so far are not searched again."""
        return sum(self.counts[why] for why in _LEFT_ALONE)

    @property
    def gone(self) -> int:
        """How many cutouts it has that were not asked for: their rows are kept."""
        return len(self._known.keys() - self._seen)

    def open_items(
        self, items: Iterable[Item], model: str, attempts: int
    ) -> Iterator[tuple[Item, int]]:
        """Yield what has to be searched, and how often it failed before.

        An address that comes twice is one cutout.

        Parameters
        ----------
        items : iterable of Item
        model : str
            The model's id.
        attempts : int
            How often a cutout is tried.
        """
        for item in items:
            if item.address in self._seen:
                continue
            self._seen.add(item.address)
            known = self._known.get(item.address)
            why = self._why(item, known, model, attempts)
            self.counts[why] += 1
            if why not in _LEFT_ALONE:
                failed = known.attempts if known and why == FAILED else 0
                yield item, failed

    def _why(self, item: Item, known: Known | None, model: str, attempts: int) -> str:
        if known is None:
            return NEW
        if known.model != model:
            return OTHER_MODEL
        stamp = stamp_or_none(item)
        if not stamp and not known.attempts:
            return UNREACHABLE
        if stamp != known.stamp and not (
            known.content and _same_content(item, known.content)
        ):
            return CHANGED
        if not known.attempts:
            return DONE
        return FAILED if known.attempts < attempts else GIVEN_UP


def _same_content(item: Item, content: str) -> bool:
    """Return whether files that were touched have the content of before."""
    from clump_detector.images.identity import content_key
    from clump_detector.survey_search.items import FileItem

    if not isinstance(item, FileItem):
        return False
    try:
        return content_key(item.files) == content
    except ClumpError:
        return False
