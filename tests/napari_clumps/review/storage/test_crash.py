"""Three hundred random moments of `kill -9`: nothing is lost, nothing is to mend."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clump_detector.core.files import read_json
from clump_detector.image_files.sources import Source
from napari_clumps.review import Review, Status
from napari_clumps.review.storage.log import read_log
from napari_clumps.review.storage.replay import replay
from tests.helpers.paths import ROOT
from tests.helpers.resources import wait_for

KILLS, REVIEWS = 300, 4
FORKING = ROOT / "tests" / "helpers" / "crash_process.py"

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs fork and kill -9"
)


def make_other(path: Path, sources: list[Source]) -> None:
    """Make the file of another reviewer, to be merged."""
    with Review.create(path, sources, annotator="Ben") as other:
        for cutout in other.ids:
            other.note_seen(cutout, (100, 100))
            other.add(cutout, (20, 20, 30, 30), "clump")
            other.add(cutout, (60, 60, 72, 72), "odd clump")
        other.set_done(1, True)


def kill_again_and_again(folder: Path, seed: int) -> tuple[int, int]:
    """Kill children on one review; return the numbers of decisions and hot journals."""
    path = folder / "a.clumps"
    sources = [Source(f"g{i}", (folder / f"g{i}.png",)) for i in range(3)]
    Review.create(path, sources, seed=seed).close()
    make_other(folder / "other.clumps", sources)
    chance = random.Random(seed)
    decisions = hot = 0
    with subprocess.Popen(
        [sys.executable, str(FORKING)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as forking:
        assert forking.stdin is not None
        assert forking.stdout is not None
        for turn in range(KILLS // REVIEWS):
            told = folder / f"told {turn}"
            print(path, chance.randrange(10**9), told, sep="\t", file=forking.stdin)
            forking.stdin.flush()
            child = int(forking.stdout.readline())
            # A few decisions, and a moment within the next ones.
            wanted = chance.randrange(6)
            wait_for(lambda: wanted <= told_so_far(told))  # noqa: B023 - called now
            time.sleep(chance.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            assert forking.stdout.readline() == "gone\n"
            error = Path(f"{told}.error")
            assert not error.exists(), error.read_text()
            journal = Path(f"{path}-journal")
            hot += journal.exists() and any(journal.read_bytes()[:8])
            decisions += nothing_is_lost(path, told)
            labels = folder / "labels.json"
            assert not labels.exists() or "images" in read_json(labels)
        forking.stdin.close()
    return decisions, hot


def told_so_far(told: Path) -> int:
    """Return how many decisions a child has told of, or failed with."""
    if Path(f"{told}.error").exists():
        return sys.maxsize
    return told.read_bytes().count(b"\n") if told.exists() else 0


def nothing_is_lost(path: Path, told: Path) -> int:
    """Check a review against what a dead child was told; return how much that was."""
    lines = told.read_bytes().decode().split("\n")[:-1] if told.exists() else []
    with Review.open(path) as review:
        assert not review.read_only, review.read_only_reason
        assert review.check() == []
        if lines:
            seq, cutout, state = lines[-1].split(" ", 2)
            assert review.last_seq >= int(seq)
            assert digest_of_log(review, int(seq), int(cutout)) == state
    return len(lines)


def digest_of_log(review: Review, seq: int, cutout: int) -> str:
    """Return the boxes of a cutout after a row of the log, as `killed.digest` does."""
    log = (row for row in read_log(review._store) if row.seq <= seq)
    boxes = sorted(replay(log).boxes.items())
    return ";".join(
        f"{i},{Status(b['status'])},{(b['x1'], b['y1'], b['x2'], b['y2'])},{b['cls']}"
        for i, b in boxes
        if b["cutout"] == cutout
    )


def test_nothing_decided_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    folders = [tmp_path / str(n) for n in range(REVIEWS)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(REVIEWS) as pool:
        results = list(pool.map(kill_again_and_again, folders, range(REVIEWS)))
    decisions = sum(result[0] for result in results)
    hot = sum(result[1] for result in results)
    print(f"{KILLS} kills, {decisions} decisions, {hot} of them in mid-commit")
    assert decisions > KILLS


def test_a_kill_in_mid_commit_is_rolled_back(tmp_path: Path) -> None:
    """A file with half a commit in it and its journal, as a kill leaves them."""
    path = tmp_path / "a.clumps"
    with Review.create(path, [Source("g", (tmp_path / "g.png",))]) as review:
        review.add(1, (1, 1, 9, 9), "clump")
        before = review.boxes(1)
    script = """if True:
        import os, sys
        from napari_clumps.review import Review
        review = Review.open(sys.argv[1])
        store = review._store
        store.rows("PRAGMA cache_size = 2")  # makes SQLite write before the commit
        store.rows("PRAGMA cache_spill = 2")
        store.rows("BEGIN IMMEDIATE")
        for i in range(500):
            store.rows("UPDATE boxes SET x1 = x1 + 1")
            store.put_meta(**{f"k{i}": "x" * 3000})
        os.kill(os.getpid(), 9)
    """
    size = path.stat().st_size
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert path.stat().st_size > size  # half a commit is in the file
    assert any(Path(f"{path}-journal").read_bytes()[:8])
    with Review.open(path) as review:
        assert review.boxes(1) == before
        assert review.check() == []
        assert not review.read_only
    assert not Path(f"{path}-journal").exists()
