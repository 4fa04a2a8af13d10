"""The parts of a window together: session, display, navigation, decisions, jobs.

A panel asks a part (`controller.decisions.accept()`), the part asks the review, and the
review's event comes back and refreshes canvas and panels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import plural
from clump_detector.images.overrides import NO_CHOICE, Choice
from clump_detector.labels.classes.names import DEFAULT_CLASSES
from napari_clumps.io.formats import export_labels
from napari_clumps.jobs.artefacts.search import ArtefactSearch
from napari_clumps.jobs.comparing import Comparing
from napari_clumps.jobs.describing import Describing
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.jobs.download import Downloads
from napari_clumps.jobs.exchange import Exchange
from napari_clumps.jobs.explaining import Explaining
from napari_clumps.jobs.injecting import Injecting
from napari_clumps.jobs.survey import Surveys
from napari_clumps.jobs.training.retraining import Retraining
from napari_clumps.review import INTERESTS, Proposal
from napari_clumps.settings.settings import load_settings
from napari_clumps.settings.shortcuts import BOOK

from .deciding.box_steps import CHANGES
from .deciding.decisions import Decisions
from .deciding.injected import Injected
from .deciding.remarks import Remarks
from .display import Display
from .errors import shows_errors
from .gallery import Gallery
from .model_list import ModelList
from .navigation import Navigator
from .opening import Opening
from .reviewers import Reviewers
from .session import Session
from .suggesting.descriptions import Descriptions
from .suggesting.explanations import Explanations
from .suggesting.galaxy_map import GalaxyMap
from .suggesting.similar import Similar
from .suggesting.suggestions import Suggestions

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Controller:
    """A review in a viewer, with the actions of its window and its background jobs.

    Attributes
    ----------
    session : Session
        The open review and what is shown of it.
    display : Display
        View, stretch, zoom and orientation.
    navigator : Navigator
        The queue, and going to another cutout.
    opening : Opening
        Opening and closing of reviews.
    decisions : Decisions
        Decisions by keys and mouse.
    remarks : Remarks
        Flags, tags, interest and remark of whole cutouts.
    gallery : Gallery
        Decisions on many boxes at once.
    injected : Injected
        Galaxies with injected clumps, and which of those were found.
    reviewers : Reviewers
        Merging and comparing files of other reviewers.
    model_list : ModelList
        Renaming and removing models.
    descriptions : Descriptions
        What models say of cutouts beside their boxes.
    suggestions : Suggestions
        Orders of the queue that are a model's, and their reasons.
    galaxy_map : GalaxyMap
        Where galaxies lie that look alike.
    similar : Similar
        The cutouts that look like others, or like few.
    explanations : Explanations
        Why the model proposes the current box.
    detection, describing, explaining, injecting, retraining : Job
    comparing, downloads, exchange, surveys : Job
        Work in the background.

    Signals
    -------
    shortcuts_asked(): the user wants to see all shortcuts.
    closed(): the window closes.
    """

    shortcuts_asked = Signal()
    closed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self.session = session = Session(viewer)
        self.display = Display(session)
        self.navigator = Navigator(session, self.display)
        self.descriptions = Descriptions(session)
        self.detection = Detection(session, self.take_proposals, self.descriptions)
        self.decisions = Decisions(session, self.navigator, self.detection)
        self.remarks = Remarks(session)
        self.retraining = Retraining(session, self.detection)
        self.downloads = Downloads(session, self.open_paths)
        self.exchange = Exchange(session, self.reload)
        self.opening = Opening(session, self.navigator, self.detection, self.exchange)
        self.surveys = Surveys(session, self.open_paths, self._show_more)
        session.review_opened.connect(self.surveys.follow_review)
        self.describing = Describing(session, self.detection, self.descriptions)
        self.suggestions = Suggestions(
            session, self.navigator, self.decisions, self.descriptions,
            self.describing, self.detection,
        )  # fmt: skip
        self.galaxy_map = GalaxyMap(session, self.descriptions)
        self.similar = Similar(session, self.navigator, self.descriptions)
        self.gallery = Gallery(session, self.navigator, self.descriptions)
        self.explaining = Explaining(session, self.detection)
        self.explanations = Explanations(
            session, self.descriptions, self.explaining, self.detection
        )
        self.injecting = Injecting(session, self.detection, self.reload)
        session.review_opened.connect(self.injecting.close)
        self.injected = Injected(session, self.navigator, self.injecting)
        self.comparing = Comparing(session)
        session.review_opened.connect(self.comparing.close)
        self.reviewers = Reviewers(session, self.navigator, self.comparing)
        self.artefacts = ArtefactSearch(session, self.detection)
        session.review_opened.connect(self.artefacts.close)
        self.model_list = ModelList(session, self.detection, self.retraining)
        self._actions = self._bound_actions()
        try:
            for sentence in BOOK.take_over(load_settings().keys):
                session.warn(sentence)
        except ClumpError as error:
            session.warn(f"Your own keys cannot be used: {error.message}")

    def _bound_actions(self) -> dict[str, Callable[[], object]]:
        """Return the method of each shortcut, by the name of its action."""
        decisions, navigator, display = self.decisions, self.navigator, self.display
        nudges = {name: partial(decisions.nudge, name) for name in CHANGES}
        rates = {f"interest_{n}": partial(self.remarks.rate, n) for n in INTERESTS}
        return (
            nudges
            | rates
            | {
                "accept": decisions.accept,
                "reject": decisions.reject,
                "next_box": decisions.next_box,
                "draw": decisions.draw,
                "add_here": decisions.add_here,
                "reclassify": decisions.reclassify,
                "accept_rest": decisions.accept_rest,
                "reject_rest": decisions.reject_rest,
                "toggle_done": decisions.toggle_done,
                "flag": self.remarks.ask_flags,
                "tag": self.remarks.ask_tags,
                "undo": decisions.undo,
                "redo": decisions.redo,
                "next_cutout": navigator.next_cutout,
                "previous_cutout": navigator.previous_cutout,
                "toggle_boxes": self.session.shown.toggle,
                "zoom": display.zoom,
                "next_view": display.next_view,
                "next_stretch": display.next_stretch,
                "show_keys": self.shortcuts_asked.emit,
            }
        )

    def press(self, action: str) -> None:
        """Run the action of a shortcut, by its name in `shortcuts`."""
        self._actions[action]()

    # -- opening ------------------------------------------------------------

    def open_paths(
        self,
        paths: Sequence[str | Path],
        review: Path | None = None,
        choice: Choice = NO_CHOICE,
        classes: Sequence[str] = DEFAULT_CLASSES,
    ) -> bool | None:
        """Open a review file, or a review of images and folders.

        See `Opening.open_paths`.
        """
        return self.opening.open_paths(paths, review, choice, classes)

    def reload(self) -> None:
        """Show the review again after many changes, such as an import."""
        self.navigator.make_queue()
        self.session.announce_modified()
        self.session.shown.refresh(start=True)

    def _show_more(self) -> None:
        """Show that the review has more cutouts, and leave the current one as it is."""
        if self.session.review is not None:
            self.navigator.make_queue()
            self.session.announce_modified()

    def close_review(self) -> None:
        """Close the review; every decision is on disk already."""
        self.opening.close_review()

    def close(self) -> None:
        """End all background jobs and close the review."""
        jobs = (
            self.artefacts, self.comparing, self.describing, self.detection,
            self.explaining, self.injecting, self.retraining, self.downloads,
            self.surveys,
        )  # fmt: skip
        for job in jobs:
            job.close()
        self.display.close()
        self.opening.close_review(for_good=True)
        self.closed.emit()
        self.session.pictures.close()

    # -- proposals, export and moved images -----------------------------------

    def take_proposals(
        self,
        cutout_id: int,
        proposals: Sequence[Proposal],
        model: str,
        size: tuple[int, int],
    ) -> None:
        """Add a model's proposals to the review, and show those of the current cutout.

        Parameters
        ----------
        cutout_id : int
        proposals : sequence of Proposal
        model : str
            Id of the model that made them.
        size : tuple of int
            Width and height of the image they were made on.

        Raises
        ------
        ReviewError
            If the review cannot be changed.
        """
        session = self.session
        with session.shown.deferred():
            session.opened.propose(
                cutout_id,
                proposals,
                model,
                size=size,
                beside=session.settings.blind_test,
            )
        if session.cutout is not None and cutout_id == session.cutout.id:
            # Deferred: commit and drawing together would delay the window.
            session.shown.refresh_soon(start=True)

    @shows_errors
    def export(self, path: Path, *, png: bool = False) -> bool:
        """Write the label set of the review.

        Parameters
        ----------
        path : path
            The JSON file.
        png : bool
            Also write each cutout as PNG.

        Returns
        -------
        bool
            True; None after an error, which is shown.
        """
        self.session.say(export_labels(self.session.opened, path, png=png))
        return True

    @shows_errors
    def relocate(self, folder: Path) -> None:
        """Look for moved images below a folder."""
        found = self.session.opened.relocate(folder)
        self.session.pictures.forget()
        if self.session.cutout is not None:
            self.navigator.go_to(self.session.cutout.id)
        self.session.say(f"{plural(found, 'image')} found below {folder}.")
