"""What the classes of a model are in the open review, and asking where nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from clump_detector.core.text import plural
from clump_detector.models.card import read_card
from napari_clumps.jobs.host import JobHost
from napari_clumps.review import Proposal


@dataclass(frozen=True)
class ClassQuestion:
    """Classes of a model of which the user has to say what they are.

    Attributes
    ----------
    review : path
    model : str
        Its name.
    unknown : tuple of str
        Classes that the review does not have.
    """

    review: Path
    model: str
    unknown: tuple[str, ...]

    def in_words(self) -> str:
        """Return the question in two sentences."""
        named = ", ".join(f"“{cls}”" for cls in self.unknown)
        what = "a class" if len(self.unknown) == 1 else "classes"
        return (
            f"{self.model} proposes {what} that this review does not have: {named}. "
            "Say in the panel Detect clumps what to take such boxes for; nothing was "
            "searched."
        )


class ModelClasses:
    """Turns the classes of a model into those of the open review.

    Parameters
    ----------
    host : JobHost

    Signals
    -------
    changed(): there is a question, or none any more.
    """

    changed = Signal()

    def __init__(self, host: JobHost) -> None:
        self._host = host
        self._question: ClassQuestion | None = None
        self._names: Mapping[str, str | None] = {}
        self._left_out: Counter[str] = Counter()

    @property
    def question(self) -> ClassQuestion | None:
        """What the user is asked about the open review, or None."""
        review, asked = self._host.review, self._question
        if asked is None or review is None or asked.review != review.path:
            return None
        return asked

    def settle(self, model: Path) -> bool:
        """Return whether all classes of a model are known; ask where they are not.

        Parameters
        ----------
        model : path
            Its folder.

        Raises
        ------
        ModelError
            If its card cannot be read.
        """
        review, card = self._host.opened, read_card(model)
        self._names = review.class_map(card.config.classes)
        unknown = tuple(c for c in card.config.classes if c not in self._names)
        self._left_out.clear()
        self._question = (
            ClassQuestion(review.path, card.name, unknown) if unknown else None
        )
        self.changed.emit()
        return not unknown

    def answer(self, names: Mapping[str, str | None]) -> None:
        """Keep in the review what classes are taken for.

        Parameters
        ----------
        names : mapping of str to (str or None)
            As `Review.map_classes` takes it.

        Raises
        ------
        ClumpError
            If a class cannot be added to the review.
        """
        self._host.opened.map_classes(names)
        self._question = None
        self.changed.emit()

    def proposals(
        self, rows: Iterable[tuple[Sequence[float], str, float]]
    ) -> list[Proposal]:
        """Return proposals in the review's classes, without those that are left out.

        Parameters
        ----------
        rows : iterable of (corners, class, score)
            As a model finds them.
        """
        made = []
        for corners, cls, score in rows:
            own = self._names.get(cls, cls)
            if own is None:
                self._left_out[cls] += 1
            else:
                x1, y1, x2, y2 = map(float, corners)
                made.append(Proposal(x1, y1, x2, y2, own, float(score)))
        return made

    def left_out_in_words(self) -> str:
        """Return how many boxes were left out for their class, or an empty text."""
        return " ".join(
            f"{plural(n, 'box', 'boxes')} of the class “{cls}” left out, as you chose."
            for cls, n in self._left_out.items()
        )
