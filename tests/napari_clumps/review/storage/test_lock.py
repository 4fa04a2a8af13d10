"""One writer, any number of readers; a review that may not be written to."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.sources import Source
from napari_clumps.review import Proposal, Review, Status

WRITER = """if True:
    import sys
    from napari_clumps.review import Review
    review = Review.open(sys.argv[1])
    print("read only" if review.read_only else "writes", flush=True)
    for line in sys.stdin:
        review.add(1, (1, 1, float(line), 9), "clump")
        print("added", flush=True)
"""


@pytest.fixture
def writer(review: Review) -> Iterator[subprocess.Popen[str]]:
    """Return another process that has the review open for writing."""
    review.close()
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(review.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writes\n"
        yield process
        if process.poll() is None:
            process.kill()


def every_change(review: Review) -> dict[str, Callable[[], object]]:
    box = review.boxes(1)[0].id
    return {
        "accept": lambda: review.accept(box),
        "reject": lambda: review.reject(box),
        "edit": lambda: review.edit(box, (1, 1, 9, 9)),
        "reclassify": lambda: review.reclassify(box, "odd clump"),
        "add": lambda: review.add(1, (1, 1, 9, 9), "clump"),
        "accept_all": lambda: review.accept_all([box]),
        "finish": lambda: review.finish(1, [box]),
        "set_done": lambda: review.set_done(1, True),
        "undo": lambda: review.undo(),
        "redo": lambda: review.redo(),
        "propose": lambda: review.propose(1, [Proposal(1, 1, 9, 9, "clump", 0.5)], "m"),
    }


def refuses_every_change(review: Review) -> None:
    before, seq = review.boxes(1), review.last_seq
    for name, change in every_change(review).items():
        with pytest.raises(ReviewError) as caught:
            change()
        assert review.read_only_reason is not None, name
        assert review.read_only_reason in caught.value.message, name
    assert (review.boxes(1), review.last_seq) == (before, seq)
    assert not review.can_undo
    assert not review.can_redo


def test_the_second_reads_what_the_first_decides(
    review: Review, writer: subprocess.Popen[str]
) -> None:
    assert writer.stdin is not None
    assert writer.stdout is not None
    with Review.open(review.path) as second:
        assert second.read_only
        assert "open for writing in another window" in (second.read_only_reason or "")
        refuses_every_change(second)
        for n, x2 in enumerate((9, 12, 15), start=3):
            print(x2, file=writer.stdin, flush=True)
            assert writer.stdout.readline() == "added\n"
            assert len(second.boxes(1)) == n
            assert second.boxes(1)[-1].x2 == x2
            assert second.counts().boxes_by_status["drawn"] == n - 2  # type: ignore[index]
        assert second.check() == []


def test_the_lock_goes_with_its_process(
    review: Review, writer: subprocess.Popen[str]
) -> None:
    writer.kill()
    writer.wait()
    with Review.open(review.path) as mine:
        assert not mine.read_only
        mine.accept(mine.boxes(1)[0].id)


def test_two_windows_of_one_process(review: Review) -> None:
    with Review.open(review.path) as second:
        assert second.read_only
        refuses_every_change(second)
        review.accept(review.boxes(1)[0].id)
        assert second.boxes(1) == review.boxes(1)
    review.add(1, (1, 1, 9, 9), "clump")  # closing the second took no lock away
    review.close()
    with Review.open(review.path) as third:
        assert not third.read_only


def test_threads_of_one_process(review: Review) -> None:
    """A detection hands over its proposals while a person decides."""

    def work(cutout: int) -> None:
        for n in range(10):
            found = [Proposal(n, 20, n + 9, 29, "clump", 0.5)]
            review.propose(cutout, found, f"m{n}")
            review.add(cutout, (n, 1, n + 9, 9), "clump")
            review.undo()
            review.redo()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, review.ids))
    assert review.check() == []
    assert review.counts().boxes_by_status[Status.PROPOSAL] == 3


def test_opened_for_reading_only(review: Review) -> None:
    review.accept(review.boxes(1)[0].id)
    review.close()
    with Review.open(review.path, read_only=True) as reading:
        assert reading.read_only
        refuses_every_change(reading)
        assert reading.add_cutouts([Source("new", (Path("new.png"),))]) == 0
        with Review.open(review.path) as writing:  # reading takes no lock
            assert not writing.read_only


@pytest.fixture
def write_protected(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Return a function that shows a folder again, on a disk that is read-only."""
    mounts: list[Path] = []

    def mount(folder: Path) -> Path:
        place = tmp_path / "protected"
        place.mkdir()
        for options in (["--bind", str(folder)], ["-o", "remount,ro,bind"]):
            command = ["mount", *options, str(place)]
            if subprocess.run(command, check=False, capture_output=True).returncode:
                pytest.skip("no disk can be mounted read-only here")
            mounts.append(place)
        return place

    yield mount
    for place in mounts[:1]:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_on_a_disk_that_is_read_only(
    write_protected: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Review.create(folder / "a.clumps", [Source("g", (folder / "g.png",))]) as made:
        made.add(1, (1, 1, 9, 9), "clump")
    place = write_protected(folder)
    with Review.open(place / "a.clumps") as review:
        assert "may not be written to" in (review.read_only_reason or "")
        assert len(review.boxes(1)) == 1
        refuses_every_change(review)
        assert review.check() == []
    with pytest.raises(ReviewError, match="read-only") as caught:
        Review.create(place / "b.clumps", [Source("g", (folder / "g.png",))])
    assert caught.value.remedy
    assert not (place / "b.clumps").exists()


@pytest.mark.parametrize("protected", ["file", "folder"])
def test_without_permission(
    review: Review, protected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated, since permissions do not bind the superuser."""
    review.close()
    path = review.path if protected == "file" else review.path.parent
    monkeypatch.setattr("os.access", lambda place, _: Path(place) != path)
    with Review.open(review.path) as opened:
        assert "may not be written to" in (opened.read_only_reason or "")
        assert "copy" in (opened.read_only_reason or "")
        refuses_every_change(opened)
