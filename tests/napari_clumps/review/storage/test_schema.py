"""Reviews of older formats open with all that they had."""

import sqlite3
from pathlib import Path

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.images.artefacts.kinds import Artefact
from napari_clumps.review import QueuePlan, Review, Status
from napari_clumps.review.storage.schema import MIGRATIONS, VERSION
from napari_clumps.review.storage.store import Store
from tests.helpers.paths import DATA


def made(path: Path, version: int) -> Path:
    """Return the review of an older format that a dump in this folder makes."""
    dump = DATA.joinpath(f"format-{version}.sql")
    connection = sqlite3.connect(path)
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return made(tmp_path / "old.clumps", 1)


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_an_old_review_keeps_all_and_can_do_what_is_new(old: Path) -> None:
    with Review.open(old) as review:
        assert version(old) == VERSION
        assert review.check() == []
        kinds = [b.status for b in review.boxes(1)]
        assert kinds == [Status.ACCEPTED, Status.EDITED, Status.DRAWN]
        counts = review.counts()
        assert (counts.cutouts, counts.done, counts.detected) == (4, 1, 3)
        assert counts.boxes_by_status[Status.PROPOSAL] == 2
        assert review.learning_counts()["cutouts"] == 0  # the done one is held out
        assert review.redo() == 2  # the rejection that was undone long ago
        review.flag(2, ["merger"], "two nuclei")
        review.set_done(2, True)
        assert review.check() == []
    with Review.open(old) as again:
        assert again.cutout(2).flags == ("merger",)
        assert again.learning_counts()["done"] == 1
        while again.undo() is not None:
            pass
        assert again.check() == []


def test_a_review_of_format_2_keeps_all_and_its_choice(tmp_path: Path) -> None:
    with Review.open(made(tmp_path / "old.clumps", 2)) as review:
        assert version(review.path) == VERSION
        assert review.check() == []
        cutouts = list(review.cutouts())
        assert [c.held_out for c in cutouts] == [True, False, False, False, False]
        assert {(c.keys, c.blind) for c in cutouts} == {((), False)}
        assert cutouts[1].flags == ("merger",)
        assert cutouts[4].repeat_of == 1
        assert review.disagreements == 1
        counts = review.learning_counts()
        assert (counts["boxes"], counts["held_out_boxes"]) == (2, 1)
        assert review.redo() == 3  # the rejection that was undone long ago
        while review.undo() is not None:
            pass
        assert review.check() == []


def test_an_old_review_that_another_has_open_is_read_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    with Review.open(old, read_only=True) as review:
        assert review.counts().done == 1
        assert review.cutout(1).flags == ()
        with pytest.raises(ReviewError, match="reading only"):
            review.flag(1, ["unsure"])
    assert old.read_bytes() == before


def test_bringing_an_old_review_up_to_date_is_all_or_nothing(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "ALTER TABLE cutouts ADD COLUMN keys TEXT; SELECT nothing FROM nowhere;"
    monkeypatch.setitem(MIGRATIONS, 2, broken)
    before = old.read_bytes()
    with pytest.raises(ReviewError, match="cannot be used"):
        Review.open(old)
    assert old.read_bytes() == before
    monkeypatch.undo()
    with Review.open(old) as review:
        assert review.check() == []


@pytest.mark.parametrize("format_", sorted(MIGRATIONS))
def test_new_tables_are_those_of_a_new_review(format_: int, tmp_path: Path) -> None:
    """An old file that was brought up to date differs in nothing from a new one."""

    def tables(path: Path) -> dict[str, list[tuple[str, str]]]:
        store = Store(path)
        names = [
            row[0]
            for row in store.rows("SELECT name FROM sqlite_master WHERE sql NOT NULL")
        ]
        found = {
            name: sorted(row[1:3] for row in store.rows(f"PRAGMA table_info({name})"))
            for name in names
        }
        store.close()
        return found

    old = made(tmp_path / "old.clumps", format_)
    with Review.open(old) as review:
        source = review.cutout(1).source
    Review.create(tmp_path / "new.clumps", [source]).close()
    assert tables(old) == tables(tmp_path / "new.clumps")


def test_a_review_made_before_the_modules_moved_opens_as_it_was(
    tmp_path: Path,
) -> None:
    """Its order is "by hand", as the custom list was called then."""
    with Review.open(made(tmp_path / "old.clumps", 3)) as review:
        assert review.check() == []
        assert review.queue_plan == QueuePlan("custom list", "all")
        assert list(review.queue().ids) == [3, 1, 2]
        assert review.position == 2
        assert [b.status for b in review.boxes(1)] == [
            Status.ACCEPTED, Status.REJECTED, Status.DRAWN,
        ]  # fmt: skip
        assert review.cutout(1).done
        assert review.redo() == 2  # the flag that was taken back
        assert review.cutout(2).flags == ("artefact",)
        assert review.check() == []


def test_a_review_of_format_4_keeps_tags_and_repeats(tmp_path: Path) -> None:
    with Review.open(made(tmp_path / "old.clumps", 4)) as review:
        assert version(review.path) == VERSION
        assert review.check() == []
        assert review.tags() == {"bar": 1, "Ring": 1}
        assert review.interests() == {2: 3, 3: 3}
        assert review.queue_plan == QueuePlan("most interesting", "tagged")
        assert review.cutout(4).repeat_of == 1
        assert not any(c.source.added or c.withdrawn for c in review.cutouts())
        assert review.redo() == 3  # the flag that was taken back
        assert review.cutout(3).remark == "a ghost"
        assert review.check() == []


def test_a_review_of_format_5_keeps_injected_clumps_and_gets_artefacts(
    tmp_path: Path,
) -> None:
    with Review.open(made(tmp_path / "old.clumps", 5)) as review:
        assert version(review.path) == VERSION
        assert review.check() == []
        assert len(review.cutout(4).source.added) == 1
        assert review.cutout(2).flags == ("merger",)
        cutouts = list(review.cutouts())
        assert {c.artefacts for c in cutouts} == {None}
        assert [c.verdicts for c in cutouts] == [{}] * 4
        found = Artefact("trail", "a bright line", (0.0, 1.0, 2.0, 3.0))
        review.note_artefacts(2, [found])
        review.judge_artefact(2, "trail", False)
        assert review.check() == []
    with Review.open(tmp_path / "old.clumps") as again:
        assert again.cutout(2).artefacts == (found,)
        assert again.cutout(2).verdicts == {"trail": False}
