"""The cutouts of a request, and the proposals on them as events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.boxes import as_boxes
from clump_detector.core.errors import ImageError, from_os_error
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken
from clump_detector.image_files.added_light import many_from_json
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import Cutout, from_array, read_cutout
from clump_detector.images.identity import pixels_key

from .requests import Event

if TYPE_CHECKING:
    from clump_detector.detector.describing.describer import Describer
    from clump_detector.detector.explaining.explainer import Explainer
    from clump_detector.detector.predict import Predictor


def proposals(
    model: Predictor,
    entry: JsonObject,
    cancel: CancelToken,
    describer: Describer | None = None,
) -> Event:
    """Return the event ``boxes`` of one cutout of a request.

    Parameters
    ----------
    model : clump_detector.detector.predict.Predictor
    entry : dict
        One of the request's ``cutouts``.
    cancel : CancelToken
    describer : clump_detector.detector.describing.describer.Describer, optional
        Of the same model, where the event is to have a ``description``.

    Raises
    ------
    Cancelled
    ImageError, ModelError
        If the cutout cannot be read or searched.
    """
    cutout = _read(entry)
    described: Event = {}
    if describer is None:
        found = model.predict(cutout, cancel=cancel)
    else:
        given = as_boxes(entry.get("boxes") or np.zeros((0, 4)))
        keys = (pixels_key(cutout.pixels),)
        found, description = describer.describe(cutout, given, keys, cancel)
        described = {"description": description.to_json()}
    return {
        "event": "boxes",
        "size": [cutout.width, cutout.height],
        "boxes": [[round(float(v), 3) for v in box] for box in found.boxes],
        "scores": [round(float(v), 5) for v in found.scores],
        "classes": list(found.classes),
        "model": model.model_id,
        "notes": list(cutout.notes),
        **described,
    }


def artefacts(entry: JsonObject, cancel: CancelToken) -> Event:
    """Return the event ``artefacts`` of one cutout of a request.

    Parameters
    ----------
    entry : dict
        One of the request's ``cutouts``.
    cancel : CancelToken

    Raises
    ------
    Cancelled
    ImageError
        If the cutout cannot be read.
    """
    from clump_detector.images.artefacts.search import find_artefacts

    found = find_artefacts(_read(entry), cancel)
    return {"event": "artefacts", "artefacts": [one.to_json() for one in found]}


def explanation(explainer: Explainer, entry: JsonObject, cancel: CancelToken) -> Event:
    """Return the fields of ``done`` that explain the first box of a cutout.

    Parameters
    ----------
    explainer : clump_detector.detector.explaining.explainer.Explainer
    entry : dict
        The request's ``cutout``.
    cancel : CancelToken

    Raises
    ------
    Cancelled
    ImageError, ModelError
        If the cutout cannot be read or searched.
    """
    cutout = _read(entry)
    box = as_boxes(entry["boxes"])[0]
    return {"explanation": explainer.explain(cutout, box, cancel).to_json()}


def _read(entry: JsonObject) -> Cutout:
    if entry.get("array"):
        name = str(entry.get("name", "image"))
        cutout = from_array(
            _load_array(entry["array"], name), name, rgb=bool(entry.get("rgb"))
        )
    else:
        files = tuple(Path(name) for name in entry.get("files", ()))
        if not files:
            raise ImageError("this cutout has no file", entry.get("name", "cutout"))
        bands = tuple(entry.get("bands", ()))
        cutout = read_cutout(
            Source(
                str(entry.get("name", files[0].stem)), files, bands,
                added=many_from_json(entry.get("added", ())),
            )
        )  # fmt: skip
    if entry.get("fwhm"):
        cutout = replace(cutout, fwhm=float(entry["fwhm"]))
    return cutout


def _load_array(path: str, name: str) -> AnyArray:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except ValueError as error:
        raise ImageError(
            "its values are no numbers", name, "Give real numbers."
        ) from error
