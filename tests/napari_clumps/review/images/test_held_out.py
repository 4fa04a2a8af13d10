"""What is held out for testing is decided by what an image shows, wherever it lies."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.identity import believed, content_key, image_keys, sky_keys
from clump_detector.labels.label_set import read_label_set
from napari_clumps.io.formats import export, run_to_end
from napari_clumps.io.selection import ExportOptions
from napari_clumps.review import Review
from tests.napari_clumps.review.storage.test_schema import made

SHARE = 0.4


def pixels(number: int, size: int = 24) -> np.ndarray:
    chance = np.random.default_rng(number)
    return chance.integers(0, 255, (size, size, 3), dtype=np.uint8)


def pictures(folder: Path, numbers: Sequence[int], name: str = "g{}.png") -> list[Path]:
    """Write a picture for each number, the same for the same number."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name.format(number) for number in numbers]
    for path, number in zip(paths, numbers, strict=True):
        Image.fromarray(pixels(number)).save(path)
    return paths


def held_out(path: Path, sources: Sequence[Source], **options: object) -> set[str]:
    """Return the names of what a new review of some images holds out."""
    options = {"held_out": SHARE, **options}
    with Review.create(path, sources, **options) as review:  # type: ignore[arg-type]
        assert review.check() == []
        return {c.name for c in review.cutouts() if c.held_out}


def fits_image(
    path: Path, number: int, ra: float, dec: float = 2.0, **keys: object
) -> Path:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = ra, dec
    header["CRPIX1"] = header["CRPIX2"] = 12.5
    header["CDELT1"], header["CDELT2"] = -1e-4, 1e-4
    header.update(keys)
    path.parent.mkdir(parents=True, exist_ok=True)
    plane = pixels(number)[..., 0].astype("f4")
    fits.writeto(path, plane, header)
    return path


# -- two reviews of the same images -------------------------------------------


@given(
    order=st.permutations(range(12)),
    prefix=st.text("abcxyz", min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=8, deadline=None)
def test_order_folder_and_names_never_change_what_is_held_out(
    order: list[int], prefix: str, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        plain = find_sources(pictures(home / "one", range(12)))
        first = held_out(home / "a.clumps", plain, seed=1)
        other = [
            Source(f"{prefix}-{n}", (path,))
            for n, path in zip(
                order, pictures(home / "two", order, f"{prefix}{{}}.png"), strict=True
            )
        ]
        second = held_out(home / "b.clumps", other, seed=seed)
        assert {name[1:] for name in first} == {n.rsplit("-")[-1] for n in second}
        assert 0 < len(first) < 12


def test_a_part_of_the_images_has_the_same_ones_held_out(tmp_path: Path) -> None:
    sources = find_sources(pictures(tmp_path / "images", range(20)))
    whole = held_out(tmp_path / "a.clumps", sources)
    part = held_out(tmp_path / "b.clumps", sources[5:12])
    assert part == whole & {s.name for s in sources[5:12]}
    with Review.create(tmp_path / "c.clumps", sources[:9], held_out=SHARE) as review:
        review.add_cutouts(sources[9:])
        assert {c.name for c in review.cutouts() if c.held_out} == whole


def test_the_share_is_near_the_nominal(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    chance = np.random.default_rng(5)
    sources = []
    for i in range(2000):
        path = folder / f"{i}.png"
        path.write_bytes(chance.bytes(16))
        sources.append(Source(path.stem, (path,)))
    found = held_out(tmp_path / "a.clumps", sources, held_out=0.2)
    assert len(found) / 2000 == pytest.approx(0.2, abs=0.04)  # four and a half sigma
    assert held_out(tmp_path / "b.clumps", sources, held_out=0) == set()


# -- copies and twins ---------------------------------------------------------


def test_copies_in_one_review_are_on_one_side(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    for path in pictures(folder, range(12)):
        shutil.copy(path, folder / f"copy_of_{path.name}")
    found = held_out(tmp_path / "a.clumps", find_sources([folder]))
    copies = {name for name in found if name.startswith("copy_of_")}
    assert copies
    assert {f"copy_of_{name}" for name in found - copies} == copies


def test_a_copy_that_no_table_knows_is_on_the_side_of_its_twin(tmp_path: Path) -> None:
    """Also one that is added later, whatever its content alone would say."""
    folder = tmp_path / "images"
    paths = pictures(folder, range(12))
    rows = [f"{p.name},{10**17 + n},{n},1.0" for n, p in enumerate(paths)]
    (folder / "galaxies.csv").write_text("\n".join(["file,objid,ra,dec", *rows]))
    copies = [shutil.copy(p, folder / f"copy_of_{p.name}") for p in paths]
    found = held_out(tmp_path / "a.clumps", find_sources(paths))
    copied = {f"copy_of_{name}" for name in found}
    both = held_out(tmp_path / "b.clumps", find_sources([folder]))
    assert both == found | copied
    with Review.create(
        tmp_path / "c.clumps", find_sources(paths), held_out=SHARE
    ) as review:
        assert review.add_cutouts(find_sources(copies)) == 12
        assert {c.name for c in review.cutouts() if c.held_out} == found | copied


def test_twins_are_told_by_their_place_whatever_their_content(tmp_path: Path) -> None:
    """A FITS file tells its place itself, a picture by the table beside it."""
    one, two = tmp_path / "fits", tmp_path / "pictures"
    places = [(10.0 * n + 1.00423, 2.00153) for n in range(12)]
    for n, (ra, dec) in enumerate(places):
        fits_image(one / f"f{n}.fits", n, ra, dec)
    paths = pictures(two, range(12), "f{}.png")
    rows = [f"{p.name},{ra},{dec}" for p, (ra, dec) in zip(paths, places, strict=True)]
    (two / "galaxies.csv").write_text("\n".join(["file,ra,dec", *rows]))
    from_fits = held_out(tmp_path / "a.clumps", find_sources([one]))
    from_pictures = held_out(tmp_path / "b.clumps", find_sources(paths))
    assert from_fits == from_pictures
    assert 0 < len(from_fits) < 12


def test_keys_of_a_header(tmp_path: Path) -> None:
    long = "1237648720693755918"
    path = fits_image(tmp_path / "a.fits", 1, 30.0, OBJID=long, RUN=12345678)
    source = Source("a", (path,))
    keys = image_keys(source)
    assert set(keys) == {*sky_keys(30.0, 2.0), f"id:objid-{long}", content_key(source)}
    packed = tmp_path / "b.fits.gz"
    fits.writeto(packed, fits.getdata(path), fits.getheader(path))
    assert image_keys(Source("b", (packed,)))[:-1] == keys[:-1]
    small = fits_image(tmp_path / "c.fits", 1, 30.0, OBJID=17)
    assert not any(k.startswith("id:") for k in image_keys(Source("c", (small,))))
    broken = tmp_path / "d.fits"
    broken.write_bytes(path.read_bytes()[:1000])
    assert image_keys(Source("d", (broken,))) == (content_key(Source("d", (broken,))),)


def test_one_header_that_all_cutouts_were_given_tells_nothing(tmp_path: Path) -> None:
    """Whoever cuts arrays and keeps the header would have all or none held out."""
    for n in range(20):
        fits_image(tmp_path / "images" / f"g{n}.fits", n, 30.0)
    sources = find_sources([tmp_path / "images"])
    found = held_out(tmp_path / "a.clumps", sources)
    assert 0 < len(found) < 20
    keys = believed([image_keys(s) for s in sources])
    assert keys == [(content_key(s),) for s in sources]
    few = [image_keys(s) for s in sources[:5]]
    assert believed(few) == few  # a galaxy in five versions is nothing unusual


# -- what cannot be read, and older reviews -----------------------------------


def test_images_that_are_not_there_are_told_by_their_names(tmp_path: Path) -> None:
    def sources(folder: str) -> list[Source]:
        return [Source(f"g{i}", (tmp_path / folder / f"g{i}.png",)) for i in range(12)]

    found = held_out(tmp_path / "a.clumps", sources("one"))
    assert found == held_out(tmp_path / "b.clumps", sources("two")[::-1])
    assert 0 < len(found) < 12
    with Review.open(tmp_path / "a.clumps") as review:
        assert review.cutout(1).keys == ()


def test_old_reviews_keep_their_choice_and_tell_keys_when_asked(tmp_path: Path) -> None:
    (path,) = pictures(tmp_path / "images", [2], "galaxy {}.png")
    Image.fromarray(pixels(2, 100)[:80]).save(path)  # as large as it was labelled
    with Review.open(made(tmp_path / "old.clumps", 2)) as review:
        chosen = [c.held_out for c in review.cutouts()]
        assert chosen == [True, False, False, False, False]
        labels = {c.source.name: c for c in review.label_set().cutouts}
        # Its image is gone: what was first seen of it tells.
        assert labels["galaxy 1"].keys == ("sha256:453bfe7ce5fc2ad6",)
        assert labels["galaxy 2"].keys == (content_key(Source("", (path,))),)
        assert labels["galaxy 2"].flags == ("merger",)
        assert labels["galaxy 2"].remark == "two nuclei"
        assert labels["galaxy 1"].held_out
        review.add_cutouts(find_sources(pictures(tmp_path / "new", range(12))))
        assert [review.cutout(i).held_out for i in range(1, 6)] == chosen
        assert review.check() == []


def test_a_merge_keeps_what_either_holds_out(tmp_path: Path) -> None:
    sources = find_sources(pictures(tmp_path / "images", range(16)))
    ours, theirs = tmp_path / "a.clumps", tmp_path / "b.clumps"
    there = held_out(theirs, sources, held_out=0.7)
    mine = next(s for s in sources if s.name in there)
    assert not held_out(ours, [mine], held_out=0)
    with Review.open(ours) as review:
        review.merge(theirs)
        cutouts = list(review.cutouts())
        assert {c.name for c in cutouts if c.held_out} == there - {mine.name}
        assert all(c.keys[0] == content_key(c.source) for c in cutouts)
        assert review.check() == []


# -- out of the review --------------------------------------------------------


@pytest.fixture
def done(tmp_path: Path) -> Review:
    """Return a review of pictures, all done, some of them held out."""
    sources = find_sources(pictures(tmp_path / "images", range(8)))
    review = Review.create(tmp_path / "r.clumps", sources, held_out=SHARE)
    for i in review.ids:
        review.propose(i, [], "m", size=(24, 24))
        review.add(i, (4, 4, 12, 12), "clump")
        review.set_done(i, True)
    assert 0 < review.counts().held_out < 8
    return review


@pytest.mark.parametrize("png", [False, True])
def test_training_from_plain_coco_leaves_held_out_ones_alone(
    done: Review, tmp_path: Path, png: bool
) -> None:
    path = tmp_path / "out" / "plain.json"
    run_to_end(export(done, path, "coco", ExportOptions(png=png)))
    labels = read_label_set(path)
    from clump_detector.train.samples.dataset import load_samples  # torch

    samples = load_samples(labels, path, ModelConfig(), share=0, seed=1)
    kept = {c.name for c in done.cutouts() if not c.held_out}
    assert {s.name.split("-")[-1] for s in samples.train} == kept
    assert not samples.validation
    assert [c.keys for c in labels.cutouts] == [c.keys for c in done.cutouts()]


def test_a_cutout_that_is_not_done_stays_so_in_plain_coco(
    done: Review, tmp_path: Path
) -> None:
    done.set_done(1, False)
    path = tmp_path / "plain.json"
    run_to_end(export(done, path, "coco", ExportOptions(undone=True)))
    assert [c.done for c in read_label_set(path).cutouts] == [False, *[True] * 7]


def test_yolo_and_voc_keep_held_out_ones_for_testing(
    done: Review, tmp_path: Path
) -> None:
    run_to_end(export(done, tmp_path / "yolo", "yolo"))
    run_to_end(export(done, tmp_path / "voc", "voc"))
    tested = sorted(c.name for c in done.cutouts() if c.held_out)
    folder = tmp_path / "yolo" / "images" / "test"
    assert sorted(p.stem for p in folder.iterdir()) == tested
    sets = tmp_path / "voc" / "ImageSets" / "Main"
    names = {p.stem: set(p.read_text().split()) for p in sets.iterdir()}
    assert sorted(names["test"]) == tested
    assert names["trainval"] == names["train"] | names["val"]
    assert not names["trainval"] & names["test"]
    assert not names["train"] & names["val"]


def test_what_is_held_out_stands_in_regions_and_manifest(
    done: Review, tmp_path: Path
) -> None:
    import csv

    from regions import Regions

    tested = {c.name for c in done.cutouts() if c.held_out}
    run_to_end(export(done, tmp_path / "regions", "ds9-image"))
    for path in (tmp_path / "regions").glob("*.reg"):
        (region,) = Regions.read(path, format="ds9")
        expected = ["drawn", "held out"] if path.stem in tested else ["drawn"]
        assert region.meta["tag"] == expected
    run_to_end(export(done, tmp_path / "zoo", "zooniverse"))
    with (tmp_path / "zoo" / "manifest.csv").open(newline="") as file:
        rows = {row["name"]: row["#held_out"] for row in csv.DictReader(file)}
    assert {name for name, said in rows.items() if said == "1"} == tested
    assert set(rows.values()) == {"0", "1"}
