"""The picture of a catalogue's tiers: IMAGES GALAXIES CLUMPS LABELS MORE PICTURES.

``python docs/scripts/tiers_picture.py images galaxies.csv clumps.csv labels.json
more.json docs/pictures`` takes a published table of clumps and a label set of the same
galaxies for two reviewers, whose reviews it merges, and a second label set of which
one reviewer has done every other galaxy. A model that learned from none of them
proposes on all. The catalogue of it, with open proposals, goes into build/tiers.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ceiling_picture import MODEL, decide
from labelled_catalogue import finished

from clump_detector.detector.predict import Predictor
from clump_detector.evaluation.catalogues.tiers import figures_by_tier, tiers_in_words
from clump_detector.evaluation.catalogues.tiers_picture import draw_tiers
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import read_label_set
from clump_detector.models.registry import resolve_model
from napari_clumps.io.catalogue import export_catalogue
from napari_clumps.io.import_labels import find_labels
from napari_clumps.review import Proposal, Review

FOLDER = Path("build/tiers")


def main(
    images: Path, galaxies: Path, clumps: Path, labels: Path, more: Path, pictures: Path
) -> None:
    """Make two reviews, merge them, export the catalogue and draw its tiers."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    sky = FOLDER / "sky"
    shutil.copytree(images, sky)
    shutil.copy(galaxies, sky)
    shared = {source.name for source in find_sources([sky])}
    others = [
        path
        for one in read_label_set(more).cutouts
        for path in one.source.files
        if one.source.name not in shared
    ]
    first = made("published", [sky, *others])
    propose(first)
    label(first, clumps, shared)
    done = [r.name for r in first.cutouts() if r.name not in shared][::2]
    label(first, more, set(done))
    with made("reviewer", [sky]) as second:
        label(second, labels, shared)
        second_file = second.path
    print(first.merge(second_file))
    catalogue = FOLDER / "clumps.ecsv"
    print(export_catalogue(first, catalogue, proposals=True))
    first.close()
    found = figures_by_tier(catalogue)
    print("\n".join(tiers_in_words(found.figures)))
    draw_tiers(found, pictures / "tiers.png")


def made(name: str, paths: list[Path]) -> Review:
    """Return a new review of some images."""
    return Review.create(
        FOLDER / f"{name}.clumps", find_sources(paths), held_out=0, annotator=name
    )


def propose(review: Review) -> None:
    """Let a model propose boxes on all galaxies of a review."""
    predictor = Predictor(resolve_model(MODEL))
    for record in review.cutouts():
        cutout = read_cutout(record.source)
        found = predictor.predict(cutout)
        proposals = [
            Proposal(*map(float, box), cls, float(score))
            for box, cls, score in zip(
                found.boxes, found.classes, found.scores, strict=True
            )
        ]
        size = cutout.width, cutout.height
        review.propose(record.id, proposals, predictor.model_id, size=size)


def label(review: Review, table: Path, names: set[str]) -> None:
    """Decide on the galaxies of some names as a table of labels has it."""
    placed = finished(find_labels(review, table)).placed.boxes
    for record in review.cutouts():
        if record.name in names:
            boxes = placed.get(record.id, ())
            clumps = [one.corners for one in boxes if not one.label.status]
            decide(review, record.id, clumps)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:7]))
