"""The picture of injected clumps that were found or missed: FOLDER MODEL PICTURES.

``python docs/scripts/injected_picture.py GALAXIES starter docs/pictures`` opens a
folder of galaxies in the real window, detects, injects clumps into twenty, accepts all
proposals on these as a person might, and saves ``injected.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from picture_window import PictureWindow


def main(galaxies: Path, model: str, pictures: Path) -> None:
    """Inject, decide, and save the picture of what is told then."""
    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    window.detect()
    window.dock("Reviewers", "reviewers_panel")
    c.injected.inject(20)
    window.wait(lambda: not (c.injecting.running or c.detection.running))
    for copy in c.session.opened.injected(done=False):
        c.navigator.go_to(copy)
        c.decisions.accept_rest()
    c.injected.mark()
    window.save("injected.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
