"""What was not understood of the sky is said where boxes and catalogues go out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits import Header

from clump_detector.core.errors import LabelError
from clump_detector.image_files.sources import Source
from napari_clumps.cli.detect import detect
from napari_clumps.io.formats import export, run_to_end
from napari_clumps.render.image_cache import read_picture
from napari_clumps.review import Review
from tests.fields.test_sky_headers import header
from tests.fields.understood import understood

BOX = (20.0, 20.0, 30.0, 30.0)


def _review(folder: Path, *headers: Header) -> Review:
    """Return a review of one box on each of some FITS images."""
    sources = []
    for number, cards in enumerate(headers):
        path = folder / f"g{number}.fits"
        plane = np.random.default_rng(number).normal(size=(64, 64))
        fits.writeto(path, plane.astype(np.float32), cards)
        sources.append(Source(path.stem, (path,)))
    review = Review.create(folder / "a.clumps", sources, seed=1, held_out=0)
    for cutout in review.cutouts():
        review.add(cutout.id, BOX, "clump")
        review.set_done(cutout.id, True)
    return review


@understood(
    "FITS, the sky",
    "a sky that is promised and not understood",
    "refused",
    "`detect` says so on stderr, the window below the galaxy's name, and an export in "
    "its sentence, with the reason and the number of cutouts.",
)
@pytest.mark.parametrize("name", ["a.csv", "a.ecsv", "a.html"])
def test_an_export_says_what_it_lacks(tmp_path: Path, name: str) -> None:
    broken = header(CRVAL1="here")
    with _review(tmp_path, broken, broken, header()) as review:
        said = run_to_end(export(review, tmp_path / name))
    assert "CRVAL1 = 'here' is not a number (2 cutouts)." in said


def test_an_odd_card_is_said_by_an_export(tmp_path: Path) -> None:
    with _review(tmp_path, header(EQUINOX="NOW"), header()) as review:
        said = run_to_end(export(review, tmp_path / "a.reg"))
    assert "EQUINOX = 'NOW' was not understood and left out (1 cutout)." in said


def test_regions_on_no_sky_are_refused_with_the_reason(tmp_path: Path) -> None:
    with (
        _review(tmp_path, header(CRVAL1="here")) as review,
        pytest.raises(LabelError, match="CRVAL1 = 'here' is not a number"),
    ):
        run_to_end(export(review, tmp_path / "a.reg"))


class _Finder:
    """Stands for a model that finds one box anywhere."""

    model_id = "fake"

    def __init__(self, *_: Any) -> None:
        self.card = SimpleNamespace(default_score=0.5)

    def predict(self, _: Any) -> Any:
        return SimpleNamespace(
            boxes=np.array([BOX]), scores=np.array([0.9]), classes=["clump"], bands=""
        )


def test_detect_says_what_it_lacks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "g.fits"
    plane = np.random.default_rng(1).normal(size=(64, 64))
    fits.writeto(path, plane.astype(np.float32), header(CRVAL1="here"))
    monkeypatch.setattr("clump_detector.detector.predict.Predictor", _Finder)
    detect([path], tmp_path / "a.csv")
    said = capsys.readouterr().err
    reason = "Sky coordinates: none, since CRVAL1 = 'here' is not a number."
    assert f"{path}: {reason}" in said


def test_the_window_shows_what_the_reader_says(tmp_path: Path) -> None:
    path = tmp_path / "g.fits"
    plane = np.random.default_rng(1).normal(size=(64, 64))
    fits.writeto(path, plane.astype(np.float32), header(EQUINOX="NOW"))
    picture = read_picture(Source("g", (path,)))
    assert any("EQUINOX = 'NOW'" in note for note in picture.notes)
