"""The cutouts of a review: their records, and the state of their image files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import ClumpError, ReviewError
from clump_detector.image_files.added_light import many_from_json
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import artefacts_from_json
from clump_detector.images.cutout import read_cutout
from clump_detector.images.formats.orientation import picture_size
from clump_detector.images.identity import keys_at_hand
from napari_clumps.review.storage.records import DECIDED, Change, CutoutRecord
from napari_clumps.review.storage.store import SqlRow, Store, load

from . import image_files
from .held_out import Keys, held_out, held_out_by_key, keys_of, keys_of_new

_RECORD = (
    "SELECT id, name, files, bands, done, held_out, model, width, height, flags, "
    "remark, repeat_of, keys, blind, tags, interest, injected, withdrawn, "
    "artefacts, verdicts FROM cutouts"
)
_DECIDED = " + ".join(DECIDED)
_PAGE = 1000


class Cutouts:
    """The cutouts of one review file.

    Parameters
    ----------
    store : Store
    home : path
        The review's folder, which its relative paths start from.

    Attributes
    ----------
    unit : str
        Unit of fluxes whose header names none, set by the user.
    """

    def __init__(self, store: Store, home: Path) -> None:
        self._store = store
        self._home = home
        self._unchanged: dict[int, object] = {}
        self.unit = ""

    def __len__(self) -> int:
        return int(self._store.value("SELECT max(id) FROM cutouts") or 0)

    # -- records ------------------------------------------------------------

    def get(self, cutout_id: int) -> CutoutRecord:
        """Return a cutout's state.

        Raises
        ------
        ReviewError
            If there is no such cutout.
        """
        rows = self._store.rows(f"{_RECORD} WHERE id = ?", (cutout_id,))
        if not rows:
            raise ReviewError(f"there is no cutout {cutout_id}", self._store.path)
        return self._record(rows[0])

    def find(self, name: str) -> CutoutRecord | None:
        """Return the first cutout of that name, or None."""
        sql = f"{_RECORD} WHERE name = ? ORDER BY id LIMIT 1"
        rows = self._store.rows(sql, (name,))
        return self._record(rows[0]) if rows else None

    def twice_done(self) -> list[tuple[int, int]]:
        """Return first and second id of repeated cutouts that are done both times."""
        return [
            (first, again)
            for first, again in self._store.rows(
                "SELECT a.id, b.id FROM cutouts AS b JOIN cutouts AS a "
                "ON a.id = b.repeat_of WHERE a.done AND b.done AND b.injected IS NULL "
                "ORDER BY b.id"
            )
        ]

    def search(self, text: str, after: int) -> int | None:
        """Return the next cutout whose name contains a text, or None.

        Parameters
        ----------
        text : str
            Upper and lower case are alike.
        after : int
            Id of the cutout after which the search starts; it goes round at the end.
        """
        found = self._store.value(
            "SELECT id FROM cutouts WHERE instr(lower(name), lower(?)) "
            "AND NOT withdrawn ORDER BY id <= ?, id LIMIT 1",
            (text, after),
        )
        return None if found is None else int(found)

    def all(self, *, begun: bool = False) -> Iterator[CutoutRecord]:
        """Yield the cutouts in the order of their ids, or only those begun.

        Begun is a cutout that is done or has a decided box.
        """
        where = f"AND (done OR {_DECIDED} > 0)" if begun else ""
        sql = f"{_RECORD} WHERE id > ? {where} ORDER BY id LIMIT {_PAGE}"
        last = 0
        while rows := self._store.rows(sql, (last,)):
            yield from map(self._record, rows)
            last = rows[-1][0]

    def _record(self, row: SqlRow) -> CutoutRecord:
        number, name, files, bands, done, held_out = row[:6]
        model, width, height, flags, remark, first, keys, blind = row[6:14]
        tags, interest, injected, withdrawn, artefacts, verdicts = row[14:]
        paths = tuple(image_files.locate(kept, self._home) for kept in load(files))
        added = many_from_json(load(injected)["clumps"]) if injected else ()
        source = Source(name, paths, tuple(load(bands)), self.unit, added)
        return CutoutRecord(
            number, name, source, bool(done), bool(held_out), model, width, height,
            tuple(load(flags)), remark, first, tuple(load(keys)), bool(blind),
            tuple(load(tags)), interest, bool(withdrawn),
            None if artefacts is None else artefacts_from_json(load(artefacts)),
            load(verdicts),
        )  # fmt: skip

    # -- adding -------------------------------------------------------------

    def find_new(self, sources: Iterable[Source]) -> list[Source]:
        """Return the sources, each once, whose files no cutout has."""
        known = {cutout.source.files for cutout in self.all()}
        absolute = (
            replace(s, files=tuple(image_files.absolute(path) for path in s.files))
            for s in sources
        )
        return [s for s in dict.fromkeys(absolute) if s.files not in known]

    def add_changes(
        self, sources: Sequence[Source], keys: Sequence[Keys] | None = None
    ) -> Iterator[Change]:
        """Yield the changes that add cutouts; `held_out` decides which are held out.

        Parameters
        ----------
        sources : sequence of Source
        keys : sequence of sequence of str, optional
            Of each, where `keys_of_new` has given them.
        """
        keys = keys_of_new(sources) if keys is None else keys
        yield from self._new(sources, keys, self._choice(sources, keys))

    def adopt_changes(self, records: Sequence[CutoutRecord]) -> Iterator[Change]:
        """Yield what adds cutouts of another review; held-out ones stay held out."""
        sources = [record.source for record in records]
        keys = [r.keys or keys_at_hand(r.source) for r in records]
        choice = self._choice(sources, keys)
        held = [r.held_out or c for r, c in zip(records, choice, strict=True)]
        yield from self._new(sources, keys, held)

    def _choice(self, sources: Sequence[Source], keys: Sequence[Keys]) -> list[bool]:
        share = float(self._store.meta()["held_out"])
        before = held_out_by_key(self._store)
        return held_out(sources, keys, share, before)

    def _new(
        self, sources: Sequence[Source], keys: Sequence[Keys], held_out: Sequence[bool]
    ) -> Iterator[Change]:
        n = len(self)
        rows = zip(sources, keys, held_out, strict=True)
        for number, (source, own, held) in enumerate(rows, start=n + 1):
            after = {
                "name": source.name,
                "files": [image_files.keep(path, self._home) for path in source.files],
                "bands": list(source.bands),
                "held_out": held,
                "done": False,
                **dict.fromkeys(("model", "width", "height", "seen")),
                "keys": list(own),
            }
            yield Change("cutout", number, after=after)

    def keys(self, cutout: CutoutRecord) -> tuple[str, ...]:
        """Return the keys that identify a cutout's galaxy."""
        return keys_of(cutout, self.seen(cutout.id))

    # -- image files --------------------------------------------------------

    def seen(self, cutout_id: int) -> list[image_files.Fingerprint] | None:
        """Return the fingerprints of a cutout's files at first sight, or None."""
        found = self._store.value("SELECT seen FROM cutouts WHERE id = ?", (cutout_id,))
        return None if found is None else list(load(found))

    def first_seen(self, cutout_id: int, size: tuple[int, int]) -> Change | None:
        """Return the change that records a cutout's files as they are, if none did.

        Parameters
        ----------
        cutout_id : int
        size : (int, int)
            Width and height of the image in pixels.

        Returns
        -------
        Change or None
            None where the files are recorded already, or cannot be read.
        """
        if self.seen(cutout_id) is not None:
            return None
        cutout = self.get(cutout_id)
        try:
            seen = [image_files.fingerprint(path) for path in cutout.source.files]
        except (OSError, ClumpError):
            return None  # removed since it was read: `problem` will report it
        width, height = cutout.size or (int(size[0]), int(size[1]))
        before = {"seen": None, "width": cutout.width, "height": cutout.height}
        after = {"seen": seen, "width": width, "height": height}
        return Change("seen", cutout_id, None, before, after)

    def seen_again(self, cutout_id: int) -> Change | None:
        """Return the change that records a cutout's changed files, if they fit.

        The user who marks the cutout as done has seen them. An image of another size
        fits no decided box, so it stays a changed one.
        """
        cutout, old = self.get(cutout_id), self.seen(cutout_id)
        files = cutout.source.files
        if old is None or not image_files.stamp(files) or not self.problem(cutout_id):
            return None
        try:
            image = read_cutout(cutout.source)
            new = [image_files.fingerprint(path) for path in cutout.source.files]
        except (OSError, ClumpError):
            return None
        if cutout.size not in (None, (image.width, image.height)):
            return None
        return Change("seen", cutout_id, None, {"seen": old}, {"seen": new})

    def problem(self, cutout_id: int) -> str | None:
        """Return a sentence if a cutout's files moved away or changed, else None."""
        files, seen = self.get(cutout_id).source.files, self.seen(cutout_id)
        stamp = image_files.stamp(files)
        if stamp and self._unchanged.get(cutout_id) == (stamp, seen):
            return None
        reason = image_files.problem(files, seen)
        if reason is None:
            self._unchanged[cutout_id] = stamp, seen
        return reason

    def changed(self, cutout: CutoutRecord) -> str | None:
        """Return a sentence if a cutout's image is not the one that was labelled.

        A missing image is no change: the decisions on it stay valid.
        """
        if not image_files.stamp(cutout.source.files):
            return None
        reason = self.problem(cutout.id)
        if reason is None and len(cutout.source.files) == 1:
            # Of an image that was never displayed only the size may be known.
            size = picture_size(cutout.source.path)
            reason = None if size is None else image_files.misfit(cutout, size)
        return reason

    def relocate_changes(self, folder: Path) -> Iterator[Change]:
        """Yield the changes that give missing images their paths below a folder."""
        found = image_files.files_below(folder)
        for cutout in self.all():
            paths = self._found_again(cutout, found)
            if paths:
                sql = "SELECT files FROM cutouts WHERE id = ?"
                old = load(self._store.value(sql, (cutout.id,)))
                new = [image_files.keep(path, self._home) for path in paths]
                yield Change("moved", cutout.id, None, {"files": old}, {"files": new})

    def _found_again(
        self, cutout: CutoutRecord, found: dict[str, list[Path]]
    ) -> list[Path]:
        """Return the current paths of all files of a cutout, if one was missing."""
        files = cutout.source.files
        if all(path.is_file() for path in files):
            return []
        seen = self.seen(cutout.id)
        paths = []
        for number, path in enumerate(files):
            there: Path | None = path
            if not path.is_file():
                mark = seen[number] if seen else None
                there = image_files.best_match(path, found.get(path.name, ()), mark)
            if there is None:
                return []
            paths.append(there)
        return paths
