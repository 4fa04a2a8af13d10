"""Why the model proposes the current box, and which decided boxes are most like it."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.models.explained import Explanation
from napari_clumps.active_learning.box_vectors import boxes_alike
from napari_clumps.app.session import Session
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.jobs.explaining import Explaining, Question
from napari_clumps.review import Crop, Crops, Review, Status

from .descriptions import Descriptions

#: Answers that are kept, and decided boxes that are shown.
_KEPT, SHOWN = 500, 6


class Explanations:
    """Explains the current box once it is asked to.

    Parameters
    ----------
    session : Session
    descriptions : Descriptions
    job : Explaining
    detection : Detection
        While it runs, the model is busy.

    Signals
    -------
    changed(): there is an answer, or something is under way.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        descriptions: Descriptions,
        job: Explaining,
        detection: Detection,
    ) -> None:
        self.session, self.job = session, job
        self._descriptions, self._detection = descriptions, detection
        self._answers: OrderedDict[Question, Explanation | str] = OrderedDict()
        self._review: Review | None = None
        self._crops: Crops | None = None
        self._touched: set[int] = set()
        job.explained.connect(self._take)
        job.changed.connect(self.changed.emit)
        session.review_opened.connect(self._on_review)
        self._on_review()

    @property
    def _question(self) -> Question | None:
        """What there is to explain: the current box, by the chosen model."""
        box = self.session.shown.box(self.session.shown.current)
        if box is None or self.session.cutout is None or self.kept_back:
            return None
        chosen = self.session.scores.chosen_model
        return self.session.cutout.id, box.corners, chosen

    @property
    def kept_back(self) -> bool:
        """Whether the current cutout is to be marked before the model has a say."""
        cutout = self.session.cutout
        return cutout is not None and self.session.keeps_back(cutout.id)

    @property
    def answer(self) -> Explanation | str | None:
        """The explanation of the current box, why there is none, or None yet."""
        question = self._question
        return None if question is None else self._answers.get(question)

    @property
    def busy(self) -> str:
        """What the current box waits for; empty where it is explained."""
        if self._question is None or self.answer is not None:
            return ""
        if self._detection.running:
            return "It is explained once the detection has ended."
        return "The model looks at it…"

    def ask(self) -> None:
        """Have the current box explained, unless it is or the model is busy."""
        question = self._question
        if question is None or question in self._answers:
            return
        if not self.job.running and not self._detection.running:
            self.job.start(question[0], question[1])

    def _take(self, question: Question, answer: Explanation | str) -> None:
        # A failure is tried again when the user comes back to its box.
        for failed in [q for q, a in self._answers.items() if isinstance(a, str)]:
            del self._answers[failed]
        self._answers[question] = answer
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        self.changed.emit()

    def _on_review(self) -> None:
        if self._review is not None:
            self._review.changed.disconnect(self._on_changed, missing_ok=True)
        self._review = self.session.review
        if self._review is not None:
            self._review.changed.connect(self._on_changed)
        self.job.close()
        self._answers.clear()
        self._crops, self._touched = None, set()
        self.changed.emit()

    def _on_changed(self, cutout_id: int) -> None:
        self._touched.add(cutout_id)

    # -- decided boxes that are alike ------------------------------------------

    def alike(self) -> list[Crop]:
        """Return the decided boxes of the review most like the current one.

        Empty where the model has not described the box, or too few are decided.
        """
        current, features = self.session.shown.current, self._descriptions.features
        crops = self._read_crops()
        if crops is None or current is None or features is None:
            return []
        rows = crops.rows_of([current])
        if not len(rows):
            return []
        try:
            described = features.boxes(self.session.scores.chosen_model)
        except ClumpError:  # they can be made again, and the rest is shown
            return []
        alike = boxes_alike(crops.cutouts, crops.corners, described, rows)
        if alike is None:
            return []
        decided = np.array([s is not Status.PROPOSAL for s in crops.statuses], bool)
        usable = decided & ~crops.gone & np.isfinite(alike)
        usable[rows] = False
        order = np.argsort(np.where(usable, -alike, np.inf), kind="stable")
        return [crops.crop(int(k)) for k in order[: min(SHOWN, int(usable.sum()))]]

    def _read_crops(self) -> Crops | None:
        """Return all boxes of the review, read anew where they have changed."""
        review = self._review
        if review is None:
            return None
        hide = self.session.settings.blind_test
        touched, self._touched = self._touched, set()
        if self._crops is not None and touched:
            now = review.crops(touched, hide=hide)
            if self._crops.take(touched, now):
                self._crops = None  # there are new ones
        if self._crops is None:
            self._crops = review.crops(hide=hide)
        return self._crops
