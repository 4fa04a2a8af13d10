"""Bad files, full disks, and files that are whole or not there at all."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.sources import Source
from napari_clumps.review import Proposal, QueuePlan, Review, Status
from napari_clumps.review.storage import memory_copy
from napari_clumps.review.storage.schema import APPLICATION_ID, VERSION


def names(folder: Path) -> list[str]:
    """Return what a person sees in a folder."""
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


# -- opening ----------------------------------------------------------------


def text(path: Path) -> None:
    path.write_text("galaxies, clumps and so on\n" * 100)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.mkdir()


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (seq INTEGER)")
    connection.close()


def newer(path: Path) -> None:
    Review.create(path, [Source("g", (Path("g.png"),))]).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()


def truncated(path: Path) -> None:
    sources = [Source(f"g{i}", (Path(f"g{i}.png"),)) for i in range(200)]
    Review.create(path, sources).close()
    os.truncate(path, path.stat().st_size // 2)


def header_only(path: Path) -> None:
    Review.create(path, [Source("g", (Path("g.png"),))]).close()
    os.truncate(path, 100)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (text, "not a review"),
        (empty, "not a review"),
        (folder, "this is a folder"),
        (other_database, "not a review"),
        (newer, "newer napari-clumps"),
        (truncated, "damaged"),
        (header_only, "damaged|not a review"),
        (lambda path: None, "no such review"),
    ],
)
def test_what_is_no_whole_review_is_refused(
    make: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.clumps"
    make(path)
    there = names(tmp_path)
    content = path.read_bytes() if path.is_file() else None
    with pytest.raises(ReviewError, match=message) as caught:
        Review.open(path)
    assert caught.value.path == path
    assert caught.value.remedy
    assert names(tmp_path) == there
    assert (path.read_bytes() if path.is_file() else None) == content


def test_the_file_says_what_it_is(review: Review) -> None:
    review.close()
    header = review.path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == VERSION


def test_a_closed_review_says_so_and_closes_twice(review: Review) -> None:
    review.close()
    review.close()
    with pytest.raises(ReviewError, match="closed"):
        review.boxes(1)
    with pytest.raises(ReviewError, match="closed"):
        review.accept(1)


def test_nothing_is_left_beside_a_closed_review(review: Review) -> None:
    review.accept(1)
    review.close()
    assert names(review.path.parent) == ["review.clumps"]


def test_a_plain_copy_is_a_review(review: Review, tmp_path: Path) -> None:
    review.accept(review.boxes(1)[0].id)
    copy = tmp_path / "copy.clumps"
    shutil.copy(review.path, copy)
    with Review.open(copy) as other:
        assert other.boxes(1) == review.boxes(1)
        assert other.check() == []
        assert other.undo() == 1
    assert review.can_undo


# -- creating ---------------------------------------------------------------


def test_an_existing_file_is_never_overwritten(review: Review, tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="there is a file of this name already"):
        Review.create(review.path, [Source("g", (tmp_path / "g.png",))])
    assert len(review) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sources": []}, "needs a cutout"),
        ({"classes": ()}, "no class"),
        ({"classes": ("clump", "Clump")}, "same name"),
        ({"classes": ("clump", "")}, "it is empty"),
        ({"held_out": 1.5}, "no share"),
        ({"held_out": -0.1}, "no share"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    sources = [Source("g", (tmp_path / "g.png",))]
    with pytest.raises(ReviewError, match=message):
        Review.create(tmp_path / "a.clumps", **{"sources": sources, **options})  # type: ignore[arg-type]
    assert names(tmp_path) == []


def test_creating_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReviewError, match="a file is in the way"):
        Review.create(tmp_path / "file" / "a.clumps", [Source("g", (tmp_path,))])
    assert names(tmp_path) == ["file"]


def test_a_creation_that_breaks_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_clumps.review.images.image_files.keep", broken)
    with pytest.raises(KeyboardInterrupt):
        Review.create(tmp_path / "a.clumps", [Source("g", (tmp_path / "g.png",))])
    assert list(tmp_path.iterdir()) == []


# -- full disks -------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 300 kB, where the system lets us."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(command, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def fill(folder: Path) -> None:
    """Leave not a byte of a disk."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 512):
                pass
        except OSError:
            return


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_space(
    small_disk: Path,
) -> None:
    sources = [Source(f"g{i}", (small_disk / f"g{i}.png",)) for i in range(3)]
    review = Review.create(small_disk / "a.clumps", sources)
    proposals = [Proposal(k * 10, 5, k * 10 + 9, 14, "clump", 0.5) for k in range(9)]
    review.propose(1, proposals, "m")
    review.accept(1)
    told: list[int] = []
    review.changed.connect(told.append)
    fill(small_disk)
    caught = None
    while caught is None:  # a few still fit into the pages that the file has
        before = review.boxes(1), review.last_seq, len(told)
        try:
            review.add(1, (1, 1, 9, 9), "clump")
        except ReviewError as error:
            caught = error
    assert caught.what.startswith("the disk")
    assert "free some space" in caught.message.lower()
    for deed in (
        lambda: review.accept_all([box.id for box in before[0]]),
        lambda: review.propose(2, proposals * 9, "m"),
    ):
        with pytest.raises(ReviewError, match="disk"):
            deed()
    assert (review.boxes(1), review.last_seq, len(told)) == before
    with pytest.raises(ReviewError, match="disk is full"):
        Review.create(small_disk / "b.clumps", sources)
    assert names(small_disk) == ["a.clumps", "a.clumps-journal", "filler"]
    (small_disk / "filler").unlink()
    assert review.accept_all([box.id for box in before[0]]) == 8
    assert review.check() == []
    review.close()
    with Review.open(small_disk / "a.clumps") as again:
        assert again.counts().boxes_by_status["accepted"] == 9  # type: ignore[index]
        assert again.check() == []


def test_decisions_wait_in_memory_while_the_disk_is_full(small_disk: Path) -> None:
    sources = [Source(f"g{i}", (small_disk / f"g{i}.png",)) for i in range(3)]
    review = Review.create(small_disk / "a.clumps", sources)
    review.wait_for_disk()
    told: list[str] = []
    review.waiting_changed.connect(told.append)
    fill(small_disk)
    n = 0
    while not review.waiting:
        review.add(1, (1, 1, 9, 9), "clump")
        n += 1
    assert len(told) == 1
    assert "disk" in told[0]
    review.undo()
    review.queue_plan = QueuePlan("random")
    review.flag(2, ["merger"])
    review.set_done(3, True)
    assert not review.write_back()
    with Review.open(small_disk / "a.clumps", read_only=True) as other:
        on_disk = len(other.boxes(1))
    assert on_disk == len(review.boxes(1)) == n - 1  # the last one was undone
    assert review.check() == []
    copy = small_disk.parent / "copy.clumps"
    review.save_copy(copy)
    with pytest.raises(ReviewError, match="disk"):
        review.save_copy(small_disk / "b.clumps")
    assert not (small_disk / "b.clumps").exists()
    (small_disk / "filler").unlink()
    review.accept_all([])  # a decision that changes nothing brings it back, too
    assert not review.waiting
    assert told[1:] == [""]
    review.close()
    for path in (small_disk / "a.clumps", copy):
        with Review.open(path) as again:
            assert again.check() == []
            assert len(again.boxes(1)) == n - 1
            assert again.cutout(2).flags == ("merger",)
            assert again.queue_plan == QueuePlan("random")
            assert again.cutout(3).done
            assert again.redo() == 1 or again.can_undo


def go_stale(path: Path) -> None:
    """Break this process's hold on a file, as a network folder that goes away does."""
    stale = os.open(os.devnull, os.O_WRONLY)
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if link.readlink().name.startswith(path.name):
                os.dup2(stale, int(link.name))
    os.close(stale)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux")
@pytest.mark.parametrize("first", ["look", "decide", "next"])
def test_a_folder_that_goes_away_takes_nothing_with_it(
    make_review: Callable[..., Review], first: str
) -> None:
    review = make_review()
    review.wait_for_disk()
    told: list[str] = []
    review.waiting_changed.connect(told.append)
    places = [Proposal(20 * k, 5, 20 * k + 9, 14, "clump", 0.5) for k in range(3)]
    review.propose(1, places, "m")
    kept = [box.id for box in review.boxes(1)]
    review.accept(kept[2])
    review.undo()
    before = review.boxes(1)
    home = review.path.parent
    away = home.with_name(f"{home.name}-away")
    home.rename(away)
    go_stale(review.path)
    if first == "look":
        assert review.boxes(1) == before
    elif first == "decide":
        review.reject(kept[0])
    else:
        review.position = 1
    review.reject(kept[0])
    assert len(told) == 1
    assert review.waiting
    assert review.check() == []
    assert len(review.boxes(1)) == len(before)
    assert not review.write_back()
    away.rename(home)
    assert review.write_back()
    assert told[1:] == [""]
    review.reject(kept[1])
    review.close()
    with Review.open(review.path) as again:
        assert again.check() == []
        assert [b.id for b in again.boxes(1) if b.status is Status.REJECTED] == kept[:2]


@pytest.mark.parametrize("again", [0, 3, 20_000])
def test_the_copy_in_memory_is_the_file(
    make_review: Callable[..., Review], monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    monkeypatch.setattr(memory_copy, "AGAIN", again)
    review = make_review()
    review.wait_for_disk()
    places = [Proposal(20 * k, 5, 20 * k + 9, 14, "clump", 0.5) for k in range(9)]
    review.propose(1, places, "m")
    review.accept_all([box.id for box in review.boxes(1)])
    before = review.boxes(1), review.last_seq
    review._store.leave_disk()
    assert (review.boxes(1), review.last_seq) == before
    assert review.check() == []


def test_what_waits_never_overwrites_what_another_wrote(
    make_review: Callable[..., Review],
) -> None:
    review = make_review()
    review.wait_for_disk()
    pages = review._store.value("PRAGMA page_count")
    review._store.rows(f"PRAGMA max_page_count = {pages}")
    while not review.waiting:
        review.add(1, (1, 1, 9, 9), "clump")
    theirs = sqlite3.connect(review.path)
    with theirs:
        theirs.execute("INSERT INTO log (time, kind, cutout) VALUES ('now', 'seen', 1)")
    theirs.close()
    before = review.path.read_bytes()
    assert not review.write_back()
    assert review.path.read_bytes() == before
    assert review.waiting


LIMITED = """if True:
    import resource, signal, sys
    from napari_clumps.review import Review
    from clump_detector.core.errors import ReviewError
    review = Review.open(sys.argv[1])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = review.path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for n in range(1000):
        try:
            before = review.boxes(1), review.last_seq
            review.add(1, (n, 1, n + 9, 9), "clump")
        except ReviewError as error:
            assert (review.boxes(1), review.last_seq) == before
            print(n, error.message)
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    review.add(1, (1, 1, 9, 9), "odd clump")
    print(review.check())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_a_write_that_the_system_refuses_loses_nothing(
    make_review: Callable[..., Review],
) -> None:
    review = make_review(1)
    review.close()
    command = [sys.executable, "-c", LIMITED, str(review.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert int(first.split()[0]) > 0
    assert "review.clumps: the disk refused to read or write it" in first
    assert second == "[]"
    with Review.open(review.path) as again:
        assert len(again.boxes(1)) == int(first.split()[0]) + 1


# -- size -------------------------------------------------------------------


def test_opening_reads_no_table_whole(make_review: Callable[..., Review]) -> None:
    review = make_review(3)
    asked = (
        "SELECT * FROM boxes WHERE cutout = 1 ORDER BY id",
        "SELECT * FROM cutouts WHERE name = 'a' ORDER BY id LIMIT 1",
        "SELECT min(id) FROM cutouts WHERE done = 0 AND id > 1",
        "SELECT max(id) FROM cutouts",
        "SELECT max(seq) FROM log",
        "SELECT id FROM steps WHERE state = 'done' ORDER BY id DESC LIMIT 1",
        "SELECT * FROM log WHERE seq > 5 AND cutout = 1 ORDER BY seq LIMIT 9",
    )
    for sql in asked:
        plan = review._store.rows(f"EXPLAIN QUERY PLAN {sql}")
        assert all(row[3].startswith("SEARCH") for row in plan), (sql, plan)
    statements: list[str] = []
    connect = sqlite3.connect

    def watched(*args: object, **options: object) -> sqlite3.Connection:
        connection = connect(*args, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(statements.append)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]
    try:
        Review.open(review.path).close()
    finally:
        sqlite3.connect = connect
    tables = [s for s in statements if not s.startswith("PRAGMA")]
    assert tables == ["SELECT * FROM meta"]
