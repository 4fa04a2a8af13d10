"""The picture of the human ceiling: IMAGES GALAXIES CLUMPS LABELS PICTURE.

``python docs/scripts/ceiling_picture.py images galaxies.csv clumps.csv labels.json
docs/pictures/ceiling.png`` takes a published table of clumps and a label set of the
same galaxies for two reviewers, has a model propose that learned from neither, and
prints and draws how far the two agree, and the model with them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from labelled_catalogue import finished

from clump_detector.core.boxes import as_boxes
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.metrics.matching import match
from clump_detector.models.registry import resolve_model
from napari_clumps.io.import_labels import find_labels
from napari_clumps.review import Proposal, Review
from napari_clumps.review.comparison.answers import answers_of
from napari_clumps.review.comparison.ceiling_plot import draw_ceiling
from napari_clumps.review.comparison.several import (
    agreement_of_several,
    several_in_words,
)

#: It has seen no label of a real clump.
MODEL = "starter-simulated"


def main(
    images: Path, galaxies: Path, clumps: Path, labels: Path, picture: Path
) -> None:
    """Make two reviews, compare them, and draw it."""
    folder = Path(tempfile.mkdtemp())
    sky = folder / "sky"
    shutil.copytree(images, sky)
    shutil.copy(galaxies, sky)
    predictor = Predictor(resolve_model(MODEL))
    found = {}
    for source in find_sources([sky]):
        cutout = read_cutout(source)
        boxes = predictor.predict(cutout)
        found[source.name] = (
            (cutout.width, cutout.height),
            [
                Proposal(*map(float, box), cls, float(score))
                for box, cls, score in zip(
                    boxes.boxes, boxes.classes, boxes.scores, strict=True
                )
            ],
        )
    reviews = []
    for name, table in (("published", clumps), ("reviewer", labels)):
        review = Review.create(
            folder / f"{name}.clumps", find_sources([sky]), held_out=0, annotator=name
        )
        for record in review.cutouts():
            size, proposals = found[record.name]
            review.propose(record.id, proposals, predictor.model_id, size=size)
        placed = finished(find_labels(review, table)).placed.boxes
        for i in review.ids:
            labelled = [
                one.corners for one in placed.get(i, ())
                if not one.label.status
            ]  # fmt: skip
            decide(review, i, labelled)
        reviews.append(review)
    least = predictor.card.default_score
    figures = agreement_of_several(answers_of(reviews, lambda _: least))
    print("\n".join(several_in_words(figures)))
    draw_ceiling(figures, picture)
    for review in reviews:
        review.close()


def decide(review: Review, cutout: int, labelled: Sequence[Sequence[float]]) -> None:
    """Accept proposals within one FWHM of a label, reject others, draw the rest."""
    boxes = review.boxes(cutout)
    found = match(
        as_boxes(labelled), as_boxes([b.corners for b in boxes]),
        [b.score or 0.0 for b in boxes],
    )  # fmt: skip
    review.accept_all([b.id for b, hit in zip(boxes, found.hits, strict=True) if hit])
    missed = set(range(len(labelled))) - set(found.partner[found.hits].tolist())
    review.add_all(cutout, [labelled[k] for k in sorted(missed)], "clump")
    review.reject_all([b.id for b in review.boxes(cutout) if not b.decided])
    review.set_done(cutout, True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]))
