"""Opening and closing of reviews in a window."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.galaxies.sidecar import rows_without_cutout
from clump_detector.image_files.sources import search
from clump_detector.images.overrides import NO_CHOICE, Choice
from clump_detector.labels.classes.names import DEFAULT_CLASSES
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.jobs.exchange import Exchange
from napari_clumps.review import QueuePlan, Review
from napari_clumps.settings.paths import review_path_for
from napari_clumps.settings.settings import load_settings

from .errors import shows_errors
from .navigation import Navigator
from .session import Session
from .write_retry import WriteRetry


class Opening:
    """Opens and closes reviews, and keeps their layers in the viewer.

    Parameters
    ----------
    session : Session
    navigator : Navigator
        Goes to the first cutout.
    detection : Detection
        Loads its model ahead, and is cancelled when the review closes.
    exchange : Exchange
        Is stopped when the review closes.
    """

    def __init__(
        self,
        session: Session,
        navigator: Navigator,
        detection: Detection,
        exchange: Exchange,
    ) -> None:
        self.session, self._navigator = session, navigator
        self._detection, self._exchange = detection, exchange
        self._write_retry: WriteRetry | None = None
        session.canvas.own.lost.connect(self._restore_layers)

    @shows_errors
    def open_paths(
        self,
        paths: Sequence[str | Path],
        review: Path | None = None,
        choice: Choice = NO_CHOICE,
        classes: Sequence[str] = DEFAULT_CLASSES,
    ) -> bool:
        """Open a review file, or a review of images and folders.

        Parameters
        ----------
        paths : sequence of paths
            One ``*.clumps`` file, or images and folders.
        review : path, optional
            The review file to create or resume; by default it is in the images' folder.
        choice : Choice
            Properties that the user gives for images that do not record them.
        classes : sequence of str
            Of a review that is made new.

        Returns
        -------
        bool
            Whether a review is open now.
        """
        given = [Path(path) for path in paths]
        if len(given) == 1 and given[0].suffix == ".clumps":
            self.open_review(given[0])
            self._set_unit(choice)
            return True
        found = search(given)
        sources = choice.for_sources(found.sources)
        words = [found.note, *rows_without_cutout(sources)]
        path = review or review_path_for(given)
        if path.exists():
            self.open_review(path)
            self._set_unit(choice)
            added = self.session.opened.add_cutouts(sources)
            if added:
                self._navigator.make_queue()
                words.insert(0, f"{added} new cutouts were added to {path.name}.")
                self.session.announce_modified()
        else:
            name = load_settings().name()
            made = Review.create(path, sources, classes=classes, annotator=name)
            made.unit = choice.unit
            self._show_review(made)
        if any(words):
            self.session.say(" ".join(filter(None, words)))
        return True

    def _set_unit(self, choice: Choice) -> None:
        if choice.unit:
            self.session.opened.unit = choice.unit

    @shows_errors
    def set_unit(self, words: str) -> bool:
        """Set the unit of fluxes whose files name none, once for this review.

        Parameters
        ----------
        words : str
            See `clump_detector.fluxes.units.chosen_unit`.
        """
        self.session.opened.unit = words
        if self.session.cutout is not None:
            self.session.show_changes(self.session.cutout.id)
        return True

    @shows_errors
    def choose_classes(self, names: Sequence[str]) -> bool:
        """Set the classes of the open review; return True unless they were refused.

        Parameters
        ----------
        names : sequence of str
            See `Review.choose_classes`.
        """
        self.session.opened.choose_classes(names)
        self.session.announce_modified()
        return True

    def open_review(self, path: Path) -> None:
        """Open a review file.

        Raises
        ------
        ReviewError
            If it is no review; the one that was open stays open.
        """
        before = self.session.review
        if before is not None and before.path.resolve() == path.resolve():
            return
        opened = Review.open(path)
        if not opened.read_only:
            opened.annotator = load_settings().name()
        self._show_review(opened)

    def _show_review(self, review: Review) -> None:
        self.close_review()
        session = self.session
        session.take_review(review)
        session.canvas.build()
        review.changed.connect(session.show_changes)
        self._write_retry = WriteRetry(session, review)
        self._navigator.make_queue()
        if not session.queue:  # all cutouts of the last selection are resolved by now
            self._navigator.make_queue(QueuePlan(review.queue_plan.order))
        session.announce_review()
        self._navigator.go_to_first()
        session.canvas.activate()
        self._detection.warm_up()
        if review.read_only:
            session.warn(
                review.read_only_reason or "This review is open for reading only."
            )

    def close_review(self, *, for_good: bool = False) -> None:
        """Close the review; every decision is on disk already.

        Parameters
        ----------
        for_good : bool
            Whether the window closes, too: nothing is drawn any more.
        """
        session, review = self.session, self.session.review
        if review is None:
            return
        self._detection.cancel()
        self._exchange.close()
        if session.cutout is not None:
            with suppress(ClumpError):  # a full disk must not keep it open
                review.position = session.cutout.id
        if self._write_retry is not None:
            self._write_retry.end()
        review.changed.disconnect(session.show_changes)
        review.close()
        session.take_review(None)
        session.pictures.forget()
        if session.canvas.is_built and not for_good:
            session.canvas.show_boxes([], None)
        session.announce_review()

    def _restore_layers(self, names: list[str]) -> None:
        """Restore layers that the user has deleted while a review is open."""
        session = self.session
        if session.review is None:
            return
        session.canvas.build()
        session.shown.refresh()
        layers = " and ".join(f"“{name}”" for name in names)
        session.say(
            f"The review needs {layers}, which is restored. Hide a layer with its eye, "
            "or close the review."
        )
