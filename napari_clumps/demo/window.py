"""Windows opened from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from clump_detector.core.errors import ClumpError
from clump_detector.images.overrides import NO_CHOICE, Choice
from clump_detector.labels.classes.names import DEFAULT_CLASSES

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_clumps.app.controller import Controller


def require_napari() -> ModuleType:
    """Return the module napari.

    Raises
    ------
    ClumpError
        If napari or a Qt binding is not installed.
    """
    try:
        import napari
        from qtpy import QtWidgets  # noqa: F401
    except ImportError as error:
        raise ClumpError(
            "napari and a Qt binding are needed to open a window",
            remedy="Install them: pip install 'napari-clumps[all]'.",
        ) from error
    module: ModuleType = napari
    return module


def open_window(
    paths: Sequence[Path],
    review: Path | None = None,
    choice: Choice = NO_CHOICE,
    classes: Sequence[str] = DEFAULT_CLASSES,
) -> list[Path]:
    """Open napari with a review and return when it is closed.

    Parameters
    ----------
    paths : sequence of path
        One review file, or images and folders.
    review : path, optional
        The review file to create or resume.
    choice : Choice
        What the user says about images that do not say it themselves.
    classes : sequence of str
        Of a review that is made new.

    Returns
    -------
    list of path
        The review files that were open in it.

    Raises
    ------
    ClumpError
        If there is nothing to review at these paths, before any window opens.
    """
    from clump_detector.image_files.sources import find_sources

    if not (len(paths) == 1 and paths[0].suffix == ".clumps"):
        find_sources(paths)
    elif not paths[0].is_file():
        raise ClumpError("no such review", paths[0], "Check the path.")
    napari = require_napari()
    viewer, controller = new_window(napari)
    opened: dict[Path, None] = {}

    def note() -> None:
        if controller.session.review is not None:
            opened[controller.session.review.path] = None

    controller.session.review_opened.connect(note)
    if not controller.open_paths(paths, review, choice, classes):
        viewer.close()
        raise ClumpError("the review could not be opened", paths[0])
    napari.run()
    controller.close()
    return list(opened)


def open_demo() -> None:
    """Open the sample review and detect clumps on it at once."""
    napari = require_napari()
    from napari_clumps.plugin.sample_data import open_sample_in

    _, controller = new_window(napari)
    open_sample_in(controller, "simulated")
    if (
        controller.session.review is not None
        and controller.session.review.counts().detected == 0
    ):
        controller.detection.start("review")
    napari.run()
    controller.close()


def new_window(napari: ModuleType) -> tuple[Viewer, Controller]:
    """Return a new viewer with the panels, and its controller."""
    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    viewer = napari.Viewer(title="napari-clumps")
    show_panels(viewer)
    return viewer, controller_of(viewer)
