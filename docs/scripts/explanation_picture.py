"""The picture of a box that is explained: FOLDER MODEL PICTURES [CUTOUT].

``python docs/scripts/explanation_picture.py GALAXIES starter docs/pictures`` opens a
folder of galaxies in the real window, detects, decides on most of them as a person
might, and saves ``explanation.png`` of the best box of a galaxy.
"""

from __future__ import annotations

import sys
from pathlib import Path

from picture_window import PictureWindow

#: Boxes below this score are rejected, the others accepted.
_SURE = 0.6


def main(galaxies: Path, model: str, pictures: Path, cutout: str = "") -> None:
    """Detect, decide, and save the picture of why a box is proposed."""
    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    window.detect()
    records = list(c.session.opened.cutouts())
    chosen = next(
        (r for r in records if r.name == cutout),
        max(records, key=lambda r: len(c.session.opened.boxes(r.id))),
    )
    for record in records:
        if record.id != chosen.id:
            c.navigator.go_to(record.id)
            weak = [b.id for b in c.session.shown.undecided if (b.score or 0) < _SURE]
            c.session.opened.reject_all(weak)
            c.decisions.accept_rest()
    c.navigator.go_to(chosen.id)
    best = max(c.session.shown.boxes, key=lambda box: box.score or 0)
    c.session.shown.select(best.id)
    c.display.zoom()
    window.dock("Why this box", "explanation_panel")
    window.wait(lambda: c.explanations.answer is not None)
    window.save("explanation.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:5])
