"""Images that move, change and come back; their decisions stay."""

import os
import shutil
from pathlib import Path

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.sources import Source
from napari_clumps.review import Review

SIZE = (100, 80)


@pytest.fixture
def seen(pictures: list[Source], tmp_path: Path) -> Review:
    """Return a review beside a folder of four images, all seen, one decided on."""
    review = Review.create(tmp_path / "a.clumps", pictures, held_out=0)
    for i in review.ids:
        review.note_seen(i, SIZE)
    review.add(1, (1, 1, 9, 9), "clump")
    return review


def test_seeing_is_remembered_once_and_not_undone(seen: Review) -> None:
    seq = seen.last_seq
    seen.note_seen(1, SIZE)
    assert seen.last_seq == seq
    assert (seen.cutout(1).width, seen.cutout(1).height) == SIZE
    assert [seen.check_source(i) for i in seen.ids] == [None] * 4
    seen.undo()
    assert not seen.can_undo
    assert seen.check() == []


def test_a_change_is_told_and_a_touch_is_not(seen: Review) -> None:
    path = seen.cutout(1).source.path
    os.utime(path, ns=(1, 1))
    assert seen.check_source(1) is None
    content = path.read_bytes()
    path.write_bytes(content[:-20] + b"x" * 20)
    said = seen.check_source(1)
    assert said is not None
    assert "a.png has changed since" in said
    assert len(seen.boxes(1)) == 1
    path.write_bytes(content + b"longer")
    assert "has changed" in (seen.check_source(1) or "")
    path.write_bytes(content)
    assert seen.check_source(1) is None
    path.unlink()
    assert "a.png is no longer at" in (seen.check_source(1) or "")


def test_an_image_that_was_never_seen_has_nothing_to_compare(
    pictures: list[Source], tmp_path: Path
) -> None:
    with Review.create(tmp_path / "a.clumps", pictures) as review:
        assert review.check_source(1) is None
        pictures[0].path.unlink()
        review.note_seen(1, SIZE)
        assert review.cutout(1).width is None
        assert "no longer" in (review.check_source(1) or "")


def test_the_images_are_found_after_review_and_folder_move(
    seen: Review, tmp_path: Path
) -> None:
    seen.close()
    together = tmp_path / "together"
    together.mkdir()
    shutil.move(tmp_path / "pictures", together)
    shutil.move(seen.path, together)
    with Review.open(together / "a.clumps") as moved:
        assert moved.cutout(1).source.path == together / "pictures" / "a.png"
        assert [moved.check_source(i) for i in moved.ids] == [None] * 4


def test_the_images_are_found_after_the_review_alone_moves(
    seen: Review, tmp_path: Path
) -> None:
    seen.close()
    (tmp_path / "elsewhere").mkdir()
    shutil.move(seen.path, tmp_path / "elsewhere")
    with Review.open(tmp_path / "elsewhere" / "a.clumps") as moved:
        assert moved.cutout(1).source.path == tmp_path / "pictures" / "a.png"
        assert [moved.check_source(i) for i in moved.ids] == [None] * 4


def test_relocate(seen: Review, tmp_path: Path) -> None:
    target = tmp_path / "archive" / "deep" / "pictures"
    shutil.move(tmp_path / "pictures", target)
    target.joinpath("d.png").rename(tmp_path / "d.png")
    assert all("no longer" in (seen.check_source(i) or "") for i in seen.ids)
    told: list[int] = []
    seen.changed.connect(told.append)
    assert seen.relocate(tmp_path / "archive") == 3
    assert told == [1, 2, 3]
    assert seen.cutout(1).source.path == target / "a.png"
    assert [seen.check_source(i) for i in (1, 2, 3)] == [None] * 3
    assert "no longer" in (seen.check_source(4) or "")
    assert seen.relocate(tmp_path / "archive") == 0
    assert seen.relocate(tmp_path) == 1
    assert len(seen.boxes(1)) == 1
    assert seen.undo() == 1  # the box, not the move
    assert seen.cutout(1).source.path == target / "a.png"
    assert seen.check() == []
    with pytest.raises(ReviewError, match="not a folder"):
        seen.relocate(tmp_path / "nowhere")


def test_of_two_files_of_one_name_the_one_that_was_seen_is_taken(
    seen: Review, tmp_path: Path
) -> None:
    first = seen.cutout(1).source.path
    content = first.read_bytes()
    for folder in ("one", "two", "pictures-2"):
        (tmp_path / "found" / folder).mkdir(parents=True)
        (tmp_path / "found" / folder / "a.png").write_bytes(b"another galaxy")
    first.unlink()
    assert seen.relocate(tmp_path / "found") == 0  # not clear which
    (tmp_path / "found" / "two" / "a.png").write_bytes(content)
    assert seen.relocate(tmp_path / "found") == 1
    assert seen.cutout(1).source.path == tmp_path / "found" / "two" / "a.png"
    assert seen.check_source(1) is None


def test_of_two_files_of_one_name_the_one_in_the_like_folder_is_taken(
    pictures: list[Source], tmp_path: Path
) -> None:
    with Review.create(tmp_path / "a.clumps", pictures) as review:  # nothing seen
        for folder in ("x/pictures", "x/other"):
            (tmp_path / folder).mkdir(parents=True)
            shutil.copy(pictures[0].path, tmp_path / folder / "a.png")
        pictures[0].path.unlink()
        assert review.relocate(tmp_path / "x") == 1
        assert review.cutout(1).source.path == tmp_path / "x" / "pictures" / "a.png"


def test_bands_move_together(tmp_path: Path) -> None:
    files = tuple(tmp_path / f"a-{band}.fits" for band in "gri")
    for file in files:
        file.write_bytes(file.name.encode())
    source = Source("a", files, ("g", "r", "i"))
    with Review.create(tmp_path / "a.clumps", [source]) as review:
        review.note_seen(1, SIZE)
        assert review.cutout(1).source == source
        target = tmp_path / "new"
        target.mkdir()
        for file in files[:2]:
            file.rename(target / file.name)
        files[2].unlink()
        assert review.relocate(target) == 0  # a band is still missing
        (target / "a-i.fits").write_bytes(b"a-i.fits")
        assert review.relocate(target) == 1
        assert review.cutout(1).source.files == tuple(target / f.name for f in files)
        assert review.cutout(1).source.bands == ("g", "r", "i")
