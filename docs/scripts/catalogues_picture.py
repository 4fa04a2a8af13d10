"""The picture of a review compared with a catalogue: FOLDER MODEL TABLE PICTURES.

``python docs/scripts/catalogues_picture.py GALAXIES starter clumps.csv docs/pictures``
opens a folder of galaxies in the real window, detects, accepts all proposals as a
person might, compares them with a table, and saves ``catalogues.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from picture_window import PictureWindow


def main(galaxies: Path, model: str, table: Path, pictures: Path) -> None:
    """Detect, decide, compare, and save the picture of what is found."""
    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    window.detect()
    for record in list(c.session.opened.cutouts()):
        c.navigator.go_to(record.id)
        c.decisions.accept_rest()
    window.dock("Reviewers", "reviewers_panel")
    c.reviewers.compare_catalogue(table)
    window.wait(lambda: not c.comparing.running)
    window.save("catalogues.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
