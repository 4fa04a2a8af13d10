"""A small dataset of a survey with images, that no survey was needed for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from astropy.io import fits
from PIL import Image

from clump_detector.images.cutout import read_cutout
from clump_detector.images.identity import content_key
from clump_detector.survey_search.dataset.collection import collect
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    table_of,
)
from clump_detector.survey_search.sources.folders import Folders

MODEL = "survey-12345678"
SIDE = 100


def make_survey(
    folder: Path, n: int = 6, model: str = MODEL, cls: str = "clump"
) -> Path:
    """Write n cutouts, the first one FITS with a WCS, and the dataset beside them.

    Cutout k is named ``galaxy-k``, has k boxes, and a best score of 0.9 - k/100.

    Parameters
    ----------
    folder : path
        Gets the folders ``cutouts`` and ``ds``; the latter is returned.
    n : int
    model : str
    cls : str
        Class of the boxes.
    """
    images, dataset = folder / "cutouts", folder / "ds"
    images.mkdir(parents=True)
    dataset.mkdir()
    noise = np.random.default_rng(3)
    for k in range(1, n):
        pixels = noise.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(images / f"galaxy-{k}.png")
    _write_fits(images / "galaxy-0.fits", noise)
    made = {"model": model, "weights": "", "version": "", "options": {}, "begun": ""}
    (dataset / "survey.json").write_text(json.dumps({"format": 1, **made}))
    add_part(dataset, images, model, cls)
    collect(dataset)
    return dataset


def add_part(dataset: Path, images: Path, model: str, cls: str = "clump") -> None:
    """Write results that are in no table yet."""
    cutouts, boxes, embeddings = [], [], []
    for item in Folders([images], dataset):
        k = int(item.name.split("-")[1])
        cutout = read_cutout(item.files)
        ra, dec = (None, None) if cutout.wcs is None else (150.0, 2.0)
        named = {"cutout": item.address, "name": item.name, "model": model}
        cutouts.append({
            **named, "ra": ra, "dec": dec, "width": SIDE, "height": SIDE, "bands": "",
            "n_boxes": k, "n_clumps": k, "best_score": (0.9 - k / 100) * (k > 0),
            "uncertainty": k / 10, "notes": "", "content": content_key(item.files),
            "stamp": item.stamp(),
        })  # fmt: skip
        for box in range(k):
            x = 10.0 + 15 * box
            boxes.append({
                **named, "box": box + 1, "class": cls, "x1": x, "y1": 20.0,
                "x2": x + 10, "y2": 31.0, "score": round(0.9 - k / 100 - box / 20, 5),
            })  # fmt: skip
        where = {"cutout": item.address, "ra": ra, "dec": dec, "model": model}
        # Neighbours on an arc are the most alike.
        embeddings.append({**where, "embedding": [np.cos(k / 3), np.sin(k / 3)]})
    rows = {CUTOUTS: cutouts, DETECTIONS: boxes, EMBEDDINGS: embeddings}
    Parts(dataset).write({name: table_of(name, some) for name, some in rows.items()})


def _write_fits(path: Path, noise: np.random.Generator) -> None:
    header = fits.Header({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
        "CRPIX1": 50.5, "CRPIX2": 50.5, "CDELT1": -1e-4, "CDELT2": 1e-4,
        "BANDS": "gri",
    })  # fmt: skip
    planes = noise.normal(0, 1, (3, SIDE, SIDE)).astype(np.float32)
    fits.PrimaryHDU(planes, header).writeto(path)
