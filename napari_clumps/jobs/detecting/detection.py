"""Detection of clumps in the background, on the open review or an image layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from clump_detector.core.errors import ClumpError, ImageError
from clump_detector.core.text import message_of, plural
from clump_detector.metrics.threshold import expected_at
from clump_detector.models.described import Description
from clump_detector.models.registry import ModelEntry, list_models, resolve_model
from napari_clumps.jobs.base import Job, in_background
from napari_clumps.jobs.host import JobHost
from napari_clumps.review import CutoutRecord, Proposal, Review
from napari_clumps.worker.detection import CutoutRequest, DetectEvent, detect
from napari_clumps.worker.messages import Proposals, Unreadable
from napari_clumps.worker.process import Worker

from .layer_proposals import LayerProposals
from .model_classes import ModelClasses

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

#: Problems that a message gives in full.
_PROBLEMS_SHOWN = 3


#: Takes the proposals on a cutout: cutout id, proposals, model id, image size.
TakeProposals = Callable[[int, Sequence[Proposal], str, tuple[int, int]], None]


class TakesDescriptions(Protocol):
    """Keeps what a model says of a cutout; see `app.descriptions.Descriptions`."""

    @property
    def wanted(self) -> bool:
        """Whether cutouts of the open review are to be described."""

    def take(self, cutout_id: int, model: str, description: Description) -> None:
        """Keep what a model says of a cutout."""


class Detection(Job[DetectEvent | None]):
    """Runs a model on cutouts and adds its proposals to the review.

    Parameters
    ----------
    host : JobHost
    take : TakeProposals
    descriptions : TakesDescriptions

    Attributes
    ----------
    worker : Worker
        The process that runs the model, for other jobs with models as well.
    classes : ModelClasses
        What the model's classes are in the open review, and the question about them.

    Signals
    -------
    finished(): it went through all that it was asked.
    """

    finished = Signal()

    def __init__(
        self, host: JobHost, take: TakeProposals, descriptions: TakesDescriptions
    ) -> None:
        super().__init__(host)
        self._take, self._descriptions = take, descriptions
        self.worker = Worker()
        self._problems: list[str] = []
        self._found = 0
        self.models_in_use: tuple[Path, ...] = ()
        self._model_id = ""
        self._hidden = 0
        self._to_come: set[str | int] = set()
        self.loose = LayerProposals(host.viewer)
        self.classes = ModelClasses(host)
        self._asked: tuple[list[CutoutRequest], Path] | None = None
        host.scores.changed.connect(self._on_threshold)
        self.total = 0
        self.done = 0

    # -- choices ------------------------------------------------------------

    def models(self) -> list[ModelEntry]:
        """Return the models that can be chosen, broken ones with their problem."""
        return list_models()

    def choose_model(self, name: str) -> None:
        """Make a model the current one, here and in later sessions."""
        self._host.choose_model(name)

    @property
    def _least(self) -> float:
        """The threshold of the model that runs, or ran last."""
        return self._host.scores.least(self._model_id)

    def _on_threshold(self, _: float) -> None:
        self.loose.apply(self._host.scores.thresholds.of)

    def expected_in_words(self) -> str:
        """Return the completeness and purity that the shown model's card expects."""
        scores = self._host.scores
        model = scores.scoring_model
        chosen = model == scores.thresholds.model_id(scores.model_name)
        whose = "" if chosen else f"This cutout has proposals of {model}. "
        card = scores.thresholds.card(model)
        if card is None:
            return f"{whose}Its card is not on this machine." if whose else ""
        figures = expected_at(card.expected, scores.threshold)
        if figures is None:
            return f"{whose}What to expect at this score is not in the model's card."
        completeness, purity = figures
        return (
            f"{whose}Expected from here up: completeness {completeness:.2f}, purity "
            f"{purity:.2f} ({card.expected.get('method', '')})."
        )

    def choose_device(self, device: str) -> None:
        """Choose where models run: auto, cpu, cuda or mps."""
        self._host.choose(device=device)

    def image_layer(self) -> Image | None:
        """Return the selected image layer that is not the review's own, or None."""
        from napari.layers import Image

        for layer in self._host.viewer.layers.selection:
            if isinstance(layer, Image) and not self._host.canvas.owns(layer):
                return layer
        return None

    def scopes(self) -> dict[str, str]:
        """Return what a detection can run on now: key to words, the default first."""
        review, layer = self._host.review, self.image_layer()
        found: dict[str, str] = {}
        if layer is not None:
            found["layer"] = f"the image layer “{layer.name}”"
        if review is not None:
            counts = review.counts()
            found["review"] = f"the review: {counts.cutouts - counts.done} not done"
            found["cutout"] = "this cutout only"
        return found

    # -- running ------------------------------------------------------------

    @property
    def worker_pid(self) -> int | None:
        """Id of the worker process, or None before the first detection."""
        return self.worker.pid

    def awaits(self, cutout_id: int) -> bool:
        """Return whether a running detection has not reached a cutout yet."""
        return self.running and cutout_id in self._to_come

    def start(self, scope: str | None = None) -> None:
        """Start on a scope of `scopes`, by default the first one."""
        scopes = self.scopes()
        scope = scope or next(iter(scopes), None)
        if self.running:
            return
        if scope is None or scope not in scopes:
            self._host.warn(
                "There is nothing to detect clumps on. Open a folder of cutouts or an "
                "image, and select it."
            )
            return
        try:
            model = resolve_model(self._host.scores.model_name)
            requests = self._requests(scope)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        if not requests:
            self._host.say("Every cutout is done: there is nothing to propose.")
            return
        self._run(requests, model)

    def search(self, cutout_ids: Sequence[int]) -> None:
        """Start on some cutouts of the open review.

        Parameters
        ----------
        cutout_ids : sequence of int
        """
        review = self._host.opened
        try:
            model = resolve_model(self._host.scores.model_name)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        records = [review.cutout(cutout_id) for cutout_id in cutout_ids]
        self._run([described_request(review, record) for record in records], model)

    def _requests(self, scope: str) -> list[CutoutRequest]:
        if scope == "layer":
            return [self._layer_request(self.image_layer())]
        review, cutout = self._host.opened, self._host.cutout
        here = cutout.id if cutout is not None else 1
        if scope == "cutout":
            return [described_request(review, review.cutout(here))]
        waiting = [r for r in review.cutouts() if not (r.done or r.withdrawn)]
        # The current cutout first, then those that follow it.
        waiting.sort(key=lambda r: (r.id < here, r.id))
        begun = {r.id for r in review.cutouts(begun=True)}
        return [
            described_request(review, r)
            if r.id in begun
            else CutoutRequest(r.id, r.source)
            for r in waiting
        ]

    def _layer_request(self, layer: Image) -> CutoutRequest:
        array = layer_plane(layer, self._host.viewer)
        self.loose.prepare(layer)
        return CutoutRequest("layer", array=array, name=layer.name, rgb=layer.rgb)

    def answer(self, names: Mapping[str, str | None]) -> None:
        """Say what classes of a model are in the open review, and detect then.

        Parameters
        ----------
        names : mapping of str to (str or None)
            The review's class by the model's; None leaves its boxes out.
        """
        asked = self._asked
        if asked is None or self.classes.question is None or self.running:
            return  # it was about another review
        try:
            self.classes.answer(names)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._run(*asked)

    def _settled(self, requests: list[CutoutRequest], model: Path) -> bool:
        """Return whether the review has all classes that the model proposes."""
        self._asked = None
        if requests[0].key == "layer":
            return True
        try:
            if self.classes.settle(model):
                return True
        except ClumpError as error:
            self._host.warn(error.message)
            return False
        question = self.classes.question
        self._asked = requests, model
        self.outcome = "" if question is None else question.in_words()
        self._host.warn(self.outcome)
        self.changed.emit()
        return False

    def _run(self, requests: list[CutoutRequest], model: Path) -> None:
        if not self._settled(requests, model):
            return
        self.total, self.done, self._found = len(requests), 0, 0
        self.models_in_use = (model,)
        self._model_id = self._host.scores.thresholds.model_id(str(model))
        self._hidden, self._problems = 0, []
        self._to_come = {request.key for request in requests}
        self.outcome = "Loading the model…"
        work = partial(
            detect,
            self.worker,
            requests,
            model,
            self._host.settings.device,
            describe=self._descriptions.wanted and requests[0].key != "layer",
        )
        self._begin(work, words="Detecting clumps", total=self.total)

    def warm_up(self) -> None:
        """Load the current model in the background, before the first detection."""
        try:
            model = resolve_model(self._host.scores.model_name)
        except ClumpError:
            return
        # An error here will occur again, and be reported, at the next detection.
        in_background(
            detect, self.worker, [], model, self._host.settings.device
        ).start()

    def cancel(self) -> None:
        """Stop now: proposals so far are kept, later results are dropped."""
        if not self.running:
            return
        self.outcome = f"Cancelled after {self.done} of {self.total}."
        self._drop()

    def close(self) -> None:
        """End the worker process."""
        self.cancel()
        self.worker.kill()

    def _on_event(self, event: DetectEvent | None) -> None:
        if isinstance(event, Unreadable):
            self._problems.append(event.message)
        elif isinstance(event, Proposals):
            self._found += self._hand_over(event)
        else:
            return
        self.done += 1
        self._to_come.discard(event.key)
        self.outcome = f"{self.done} of {self.total}"
        if self._bar is not None:
            self._bar.update(1)
        self.changed.emit()

    def _hand_over(self, found: Proposals) -> int:
        if found.key == "layer":
            return self.loose.show(found, self._least)
        review = self._host.review
        if review is None:
            return 0
        rows = zip(found.boxes, found.classes, found.scores, strict=True)
        proposals = self.classes.proposals(rows)
        try:
            self._take(int(found.key), proposals, found.model, found.size)
        except ClumpError as error:
            self._problems.append(error.message)
            return 0
        if found.description is not None:
            self._descriptions.take(int(found.key), found.model, found.description)
        if self._host.keeps_back(int(found.key)):
            self._hidden += 1
            return 0
        return sum(p.score >= self._least for p in proposals)

    def _on_error(self, error: Exception) -> None:
        self.outcome = str(error)
        message = message_of(error)
        self._end()
        self._host.warn(message)

    def _on_finished(self) -> None:
        self.outcome = self._in_words()
        self._end()
        if self._problems:
            self._host.warn(_summary(self._problems))
        self.finished.emit()

    def _in_words(self) -> str:
        k, held_out = self._found, self._hidden
        n = self.done - len(self._problems) - held_out
        later = (
            f"On {plural(held_out, 'held-out cutout')} proposals are "
            "hidden until you have marked the clumps."
        )
        if held_out and not n:
            return later
        found = (
            f"{plural(k, 'proposal')} on {plural(n, 'cutout')} "
            f"from score {self._least:.2f} up."
        )
        said = (found, later if held_out else "", self.classes.left_out_in_words())
        return " ".join(filter(None, said))


def described_request(review: Review, cutout: CutoutRecord) -> CutoutRequest:
    """Return the request for a cutout whose decided boxes are described, too."""
    decided = [box.corners for box in review.boxes(cutout.id) if box.decided]
    return CutoutRequest(cutout.id, cutout.source, boxes=decided)


def _summary(problems: list[str]) -> str:
    shown = " ".join(problems[:_PROBLEMS_SHOWN])
    more = len(problems) - _PROBLEMS_SHOWN
    rest = f" And {more} more." if more > 0 else ""
    n = len(problems)
    return f"{plural(n, 'cutout')} could not be searched: {shown}{rest}"


def layer_plane(layer: Image, viewer: ViewerModel) -> NDArray[np.generic]:
    """Return the displayed plane of an image layer.

    Parameters
    ----------
    layer : napari.layers.Image
    viewer : napari.Viewer
        Its sliders select the plane.

    Returns
    -------
    array of shape (height, width), or (height, width, 3) of an RGB layer

    Raises
    ------
    ImageError
        If the layer has no plane to search.
    """
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    array = np.asarray(data)
    if layer.rgb:
        while array.ndim > 3:
            array = array[viewer.dims.current_step[viewer.dims.ndim - array.ndim + 1]]
        if array.dtype.kind == "f":
            array = (np.clip(np.nan_to_num(array), 0, 1) * 255 + 0.5).astype(np.uint8)
        return array[..., :3]
    while array.ndim > 2:
        array = array[viewer.dims.current_step[viewer.dims.ndim - array.ndim]]
    if array.ndim != 2:
        raise ImageError(
            f"the layer “{layer.name}” is no image of two dimensions",
            remedy="Select an image layer.",
        )
    return array
