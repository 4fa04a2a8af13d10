"""The clump gallery without its widgets: crops of a review, and decisions on many.

Crops do not move while the user works: a decision changes a crop in its position, and
only `refresh` or another arrangement adds new boxes and removes others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from clump_detector.core.text import plural
from napari_clumps.active_learning.box_vectors import boxes_alike
from napari_clumps.review import Arrangement, Crop, Crops, Review, arrange

from .errors import shows_errors
from .navigation import Navigator
from .session import Session
from .suggesting.descriptions import Descriptions

_NOTHING = np.zeros(0, np.int64)


class Gallery:
    """Crops of all cutouts of the open review.

    Parameters
    ----------
    session : Session
    navigator : Navigator
    descriptions : Descriptions

    Attributes
    ----------
    crops : Crops
        All boxes of the last refresh, updated in their positions.
    rows : array of int
        The shown rows of `crops`, in order.
    arrangement : Arrangement
    fresh : int
        Number of new boxes since then, which are shown after a refresh.

    Signals
    -------
    rearranged(): other crops are shown, or in another order.
    updated(cutout ids): crops of these changed in their positions.
    touched(): the review changed; `update` has to be called.
    """

    rearranged = Signal()
    updated = Signal(set)
    touched = Signal()

    def __init__(
        self, session: Session, navigator: Navigator, descriptions: Descriptions
    ) -> None:
        self.session, self._navigator = session, navigator
        self._descriptions = descriptions
        self._examples: tuple[int, ...] = ()
        self._review: Review | None = None
        self._touched: set[int] = set()
        self._fresh: Counter[int] = Counter()
        self._hides = session.settings.blind_test
        self.arrangement = Arrangement()
        self.crops = Crops()
        self.rows = _NOTHING
        session.review_opened.connect(self._on_review)
        session.settings_changed.connect(self._on_settings)
        self._on_review()

    @property
    def fresh(self) -> int:
        """Number of new boxes since the last refresh."""
        return self._fresh.total()

    # -- crops --------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.rows)

    def crop(self, position: int) -> Crop:
        """Return the crop at a position."""
        return self.crops.crop(int(self.rows[position]))

    def box_ids(self, positions: Iterable[int]) -> list[int]:
        """Return the ids of the boxes at some positions."""
        rows = self.rows[np.fromiter(positions, np.int64)]
        return [int(box_id) for box_id in self.crops.ids[rows]]

    def positions_of(self, box_ids: Iterable[int]) -> NDArray[np.int64]:
        """Return the positions of the boxes that are shown, in rising order."""
        wanted = self.crops.rows_of(box_ids)
        return np.flatnonzero(np.isin(self.rows, wanted))

    @shows_errors
    def refresh(self) -> None:
        """Read all boxes and show those of the arrangement, in its order."""
        self._touched.clear()
        self._fresh.clear()
        review, self._hides = self._review, self.session.settings.blind_test
        self.crops = Crops() if review is None else review.crops(hide=self._hides)
        self._arrange()

    def arrange(self, arrangement: Arrangement) -> None:
        """Show other crops, or in another order."""
        if arrangement == self.arrangement:
            return
        if self.arrangement.sort != "likeness":
            self._examples = ()  # the box of the canvas is one
        self.arrangement = arrangement
        if self._touched or self._fresh:
            self.refresh()
        else:
            self._arrange()

    def _arrange(self) -> None:
        classes = () if self._review is None else self._review.classes
        if self.arrangement.sort == "likeness":
            self._compare()
        self.rows = arrange(self.crops, self.arrangement, classes)
        self.rearranged.emit()

    @shows_errors
    def like(self, box_ids: Sequence[int]) -> None:
        """Show what looks most like some boxes first.

        Parameters
        ----------
        box_ids : sequence of int
        """
        if not box_ids:
            self._nothing_selected()
            return
        self._examples = tuple(box_ids)
        self.arrangement = replace(self.arrangement, sort="likeness")
        self._arrange()

    def _compare(self) -> None:
        """Find how much each crop is like the examples, or the canvas's box."""
        shown = self.session.shown.current
        examples = self._examples or (() if shown is None else (shown,))
        features = self._descriptions.features
        crops, rows = self.crops, self.crops.rows_of(examples)
        crops.likeness[:] = np.nan
        if features is None or not len(rows):
            self.session.say("Select the boxes first that others are compared with.")
            return
        model = self.session.scores.chosen_model
        described = features.boxes(model)
        alike = boxes_alike(crops.cutouts, crops.corners, described, rows)
        if alike is None:
            self.session.say(
                "The model has not described this box yet: detect clumps, or choose "
                "the order “check again” of the queue."
            )
            return
        crops.likeness[:] = alike

    @shows_errors
    def update(self) -> None:
        """Update the crops of changed boxes."""
        if self._review is None or not self._touched:
            return
        cutouts, self._touched = self._touched, set()
        for cutout in cutouts:
            self._fresh.pop(cutout, None)
        now = self._review.crops(cutouts, hide=self._hides)
        new = self.crops.take(cutouts, now)
        if new and not len(self.crops):
            self.refresh()  # there are no crops that could move
            return
        self._fresh.update(new)
        self.updated.emit(cutouts)

    def _on_review(self) -> None:
        if self._review is not None:
            self._review.changed.disconnect(self._on_changed, missing_ok=True)
        self._review = self.session.review
        if self._review is not None:
            self._review.changed.connect(self._on_changed)
        self._touched.clear()
        self._fresh.clear()
        self.crops, self.rows = Crops(), _NOTHING
        self.rearranged.emit()

    def _on_settings(self) -> None:
        if self.session.settings.blind_test is not self._hides and len(self.crops):
            self.refresh()

    def _on_changed(self, cutout_id: int) -> None:
        self._touched.add(cutout_id)
        self.touched.emit()

    # -- deciding -----------------------------------------------------------

    @shows_errors
    def accept(self, box_ids: list[int]) -> None:
        """Accept boxes, in one step of undo."""
        self._decided("accepted", self.session.opened.accept_all, box_ids)

    @shows_errors
    def reject(self, box_ids: list[int]) -> None:
        """Reject boxes, in one step of undo."""
        self._decided("rejected", self.session.opened.reject_all, box_ids)

    @shows_errors
    def reclassify(self, box_ids: list[int], cls: str | None = None) -> None:
        """Give boxes another class, in one step of undo.

        Parameters
        ----------
        box_ids : list of int
        cls : str, optional
            By default the class after that of the first box.
        """
        review = self.session.opened
        if not box_ids:
            self._nothing_selected()
            return
        if cls is None:
            classes, now = review.classes, review.box(box_ids[0]).cls
            index = classes.index(now) if now in classes else -1
            cls = classes[(index + 1) % len(classes)]
        chosen = cls
        self._decided(
            f"set to “{cls}”", lambda ids: review.reclassify_all(ids, chosen), box_ids
        )

    def _decided(
        self,
        participle: str,
        decide: Callable[[Iterable[int]], int],
        box_ids: list[int],
    ) -> None:
        """Decide on boxes in one step and report how many it changed."""
        there = self._still_there(box_ids)
        if not there:
            self._nothing_selected()
            return
        changed = decide(there)
        self.update()
        text = f"{plural(changed, 'box', 'boxes')} {participle} (one undo step)."
        if changed < len(there):
            text = f"{text[:-1]}; {len(there) - changed} unchanged."
        self.session.say(text)

    def _still_there(self, box_ids: list[int]) -> list[int]:
        """Leave out deleted boxes, such as a drawn one that was rejected."""
        self.update()
        rows = self.crops.rows_of(box_ids)
        return [int(i) for i in self.crops.ids[rows[~self.crops.gone[rows]]]]

    def _nothing_selected(self) -> None:
        self.session.say("No box is selected in the gallery.")

    @shows_errors
    def undo(self) -> None:
        """Undo the newest step; the canvas does not change cutouts."""
        self._travelled("Undone", self.session.opened.undo(), "undo")

    @shows_errors
    def redo(self) -> None:
        """Redo the step that was undone last; the canvas does not change cutouts."""
        self._travelled("Redone", self.session.opened.redo(), "redo")

    def _travelled(self, participle: str, cutout_id: int | None, verb: str) -> None:
        if cutout_id is None:
            self.session.say(f"Nothing to {verb}.")
            return
        touched = len(self._touched)
        self.update()
        name = self.session.opened.cutout(cutout_id).name
        others = f" and {touched - 1} more" if touched > 1 else ""
        self.session.say(f"{participle}: the last step, on {name}{others}.")

    # -- opening a box ------------------------------------------------------

    @shows_errors
    def open(self, box_id: int) -> None:
        """Show a box on the canvas as the current one."""
        session = self.session
        box = session.opened.box(box_id)
        self._navigator.go_to(box.cutout)
        if session.shown.box(box_id) is None and box.score is not None:
            # The gallery shows proposals that the canvas hides.
            score = math.floor(100 * box.score) / 100
            session.scores.show_from(score, box.model or session.scores.scoring_model)
            session.say(f"Proposals are shown from a score of {score:.2f} up now.")
        session.shown.select(box_id)
        session.canvas.activate()
