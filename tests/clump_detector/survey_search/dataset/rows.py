"""Rows of a dataset that no network had to find."""

from __future__ import annotations

from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    PROBLEMS,
    table_of,
)


def found(number: int, version: int = 0, *, failed: bool = False, boxes: int = 2):
    """Return the tables of one cutout; what is in them follows from the arguments."""
    address = f"/survey/galaxy-{number:05d}.fits"
    name = f"galaxy-{number:05d}"
    about = {"cutout": address, "name": name, "model": "m-1", "stamp": f"s{version}"}
    if failed:
        row = {**about, "reason": f"damaged {version}", "attempts": version + 1}
        return {PROBLEMS: table_of(PROBLEMS, [row])}
    # One in five has no position; the others lie all over the sky.
    sky = {"ra": number * 37.7 % 360, "dec": number * 11.3 % 170 - 85}
    where = {} if number % 5 == 0 else sky
    cutout = {
        **about, **where, "n_boxes": boxes, "best_score": (number % 10) / 10,
        "content": f"c{number}-{version}",
    }  # fmt: skip
    detections = [
        {**about, **where, "box": k + 1, "class": "clump", "score": 0.9 / (k + 1)}
        for k in range(boxes)
    ]
    for row in detections:
        del row["stamp"]
    vector = {"cutout": address, **where, "embedding": [number, version, 1.0]}
    return {
        CUTOUTS: table_of(CUTOUTS, [cutout]),
        DETECTIONS: table_of(DETECTIONS, detections),
        EMBEDDINGS: table_of(EMBEDDINGS, [vector]),
    }
