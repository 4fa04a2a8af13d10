"""The same picture is never on both sides: held out, validation, folds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image, PngImagePlugin

from clump_detector.config.model import ModelConfig
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    write_label_set,
)
from clump_detector.train.cross_validation import deal
from clump_detector.train.samples.dataset import load_samples
from napari_clumps.review import Review
from tests.fields.understood import understood


def pixels(number: int) -> np.ndarray:
    chance = np.random.default_rng(number)
    return chance.integers(0, 255, (64, 64, 3), dtype=np.uint8)


def copied(path: Path, to: Path) -> None:
    shutil.copy(path, to)


def written_anew(path: Path, to: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Software", "another program")
    image = Image.open(path)
    image.save(to, pnginfo=notes, compress_level=1)


def with_alpha(path: Path, to: Path) -> None:
    Image.open(path).convert("RGBA").save(to)


def as_tiff(path: Path, to: Path) -> None:
    Image.open(path).save(to.with_suffix(".tif"))


COPIES = [copied, written_anew, with_alpha, as_tiff]

Copy = Callable[[Path, Path], None]


def folder_of_twins(folder: Path, copy: Copy, n: int = 12) -> list[Source]:
    folder.mkdir(parents=True)
    for number in range(n):
        path = folder / f"g{number}.png"
        Image.fromarray(pixels(number)).save(path)
        copy(path, folder / f"copy_of_g{number}.png")
    return find_sources([folder])


@understood(
    "Folders", "A picture and its copy, written anew by another program", "read",
    "Both are held out or none is: bytes and pixels are compared, not names. A copy "
    "that was compressed with loss is another picture, unless a position or an id "
    "tells the galaxy.",
)  # fmt: skip
@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_held_out_together(tmp_path, copy):
    sources = folder_of_twins(tmp_path / "images", copy)
    with Review.create(tmp_path / "r.clumps", sources, held_out=0.4) as review:
        chosen = {c.name for c in review.cutouts() if c.held_out}
    assert 0 < len(chosen) < 24
    assert {n.removeprefix("copy_of_") for n in chosen} & chosen == {
        n for n in chosen if not n.startswith("copy_of_")
    }
    assert len(chosen) == 2 * sum(not n.startswith("copy_of_") for n in chosen)


def labelled(sources: list[Source]) -> LabelSet:
    box = LabelledBox(10, 10, 20, 20, "clump")
    cutouts = [LabelledCutout(source, 64, 64, boxes=(box,)) for source in sources]
    return LabelSet(tuple(cutouts), ("clump", "odd clump"))


@understood(
    "Label sets of other programs", "The same picture twice, under two names", "read",
    "Both are learned from, or both are in one part that is set apart or in one fold.",
)  # fmt: skip
@pytest.mark.parametrize("copy", COPIES)
def test_folds_and_validation_keep_twins_together(tmp_path, copy):
    sources = folder_of_twins(tmp_path / "images", copy, 8)
    single = tmp_path / "alone.png"
    Image.fromarray(pixels(99)).save(single)
    labels = labelled([*sources, *find_sources([single])])
    found = load_samples(labels, tmp_path, ModelConfig(), share=0.3, seed=1)
    assert [s.name for s in found.validation] in ([], ["alone"])
    folds = deal([*found.train, *found.validation], 4, 1)
    every = [*found.train, *found.validation]
    for fold in folds:
        names = [every[i].name.removeprefix("copy_of_") for i in fold]
        assert all(names.count(name) == 2 for name in names if name != "alone")


@understood(
    "Label sets of other programs", "A copy of a picture that is held out", "ignored",
    "It is not learned from, and the training says so.",
)  # fmt: skip
def test_a_copy_of_what_is_held_out_is_not_learned_from(tmp_path):
    sources = folder_of_twins(tmp_path / "images", written_anew, 4)
    labels = labelled(sources)
    cutouts = [
        replace(c, held_out=c.source.name in ("g0", "copy_of_g3"))
        for c in labels.cutouts
    ]
    found = load_samples(
        replace(labels, cutouts=tuple(cutouts)),
        tmp_path,
        ModelConfig(),
        share=0,
        seed=1,
    )
    names = {s.name for s in found.train}
    assert names == {"g1", "copy_of_g1", "g2", "copy_of_g2"}
    assert "2 of the cutouts show galaxies that are held out" in found.problems[0]


@understood(
    "Experiments", "Galaxies of the test among those to learn from", "ignored",
    "They are not learned from, or not tested on where the test is what is left over, "
    "and the experiment says how many.",
)  # fmt: skip
@pytest.mark.parametrize("own_test", [True, False])
def test_an_experiment_learns_from_nothing_that_it_judges_on(tmp_path, own_test):
    from clump_detector.experiments.encoders import _drawn
    from clump_detector.experiments.plan import Experiment

    sources = folder_of_twins(tmp_path / "images", written_anew, 8)
    (copy,) = [s for s in sources if s.name == "copy_of_g2"]
    files = {
        "labels": [s for s in sources if s != copy] if own_test else sources,
        "test": [copy],
    }
    for name, own in files.items():
        write_label_set(labelled(own), tmp_path / f"{name}.json")
    plan = Experiment(
        labels=(str(tmp_path / "labels.json"),),
        test=str(tmp_path / "test.json") if own_test else "",
        sizes=(2, 5),
    )
    said: list[str] = []
    learned, test = _drawn(plan, 0, said.append)
    galaxies = [
        {c.source.name.removeprefix("copy_of_") for c in part.cutouts}
        for part in (learned, test)
    ]
    assert not galaxies[0] & galaxies[1]
    assert len(learned.cutouts) == (14 if own_test else 5)
    if own_test:
        assert said == ["1 galaxies to learn from are also in the test: left out"]
    else:
        n = 11 - len(test.cutouts)
        assert n
        assert said == [f"{n} galaxies of the test are also learned from: left out"]


@pytest.mark.parametrize("ending", [".fits.gz", ".fits.bz2"])
def test_packed_copies_of_fits_are_one_galaxy(tmp_path, ending):
    for number in range(12):
        plane = pixels(number)[..., 0].astype("f4")
        fits.writeto(tmp_path / f"g{number}.fits", plane)
        fits.writeto(tmp_path / f"other{number}{ending}", plane)
    sources = find_sources([tmp_path])
    with Review.create(tmp_path / "r.clumps", sources, held_out=0.4) as review:
        chosen = {c.name for c in review.cutouts() if c.held_out}
    assert {n.replace("other", "g") for n in chosen} == {
        n for n in chosen if n[0] == "g"
    }
