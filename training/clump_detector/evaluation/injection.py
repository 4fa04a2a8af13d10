"""How faint a clump a model finds on given cutouts: clumps are injected into them.

Clumps of known flux ratios are added to real galaxies, the model searches them, and the
share that it finds is its completeness on this very data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ClumpError, ImageError
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.images.pixels.added_light import with_light
from clump_detector.simulate.clump_light import InjectionSites
from clump_detector.simulate.priors import Rng

#: Finds boxes and scores on a cutout.
Finder = Callable[[Cutout], tuple[Boxes, Sequence[float]]]


@dataclass(frozen=True)
class Trial:
    """A clump that was injected into a cutout.

    Attributes
    ----------
    cutout : str
    ratio : float
        Its flux over the galaxy's, in the bluest band.
    x, y : float
        Where, in pixels.
    score : float or None
        Of the best box that finds it; None where there is none.
    """

    cutout: str
    ratio: float
    x: float
    y: float
    score: float | None


def try_clumps(
    sources: Sequence[Source],
    find: Finder,
    n: int,
    *,
    seed: int = 0,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> tuple[list[Trial], list[str]]:
    """Inject n clumps into cutouts and search for them.

    One at a time: a bright one changes the display levels of all else.

    Parameters
    ----------
    sources : sequence of Source
        Each has its share of them.
    find : callable
        Gives boxes and scores on a cutout, the ones below any threshold, too.
    n : int
    seed : int
    progress : callable
        Called after each clump.
    cancel : CancelToken, optional
        Checked after each clump.

    Returns
    -------
    (list of Trial, list of str)
        The trials, and why cutouts were left out, in sentences.

    Raises
    ------
    Cancelled
    ImageError
        If no cutout can be used.
    """
    cancel = cancel or CancelToken()
    trials: list[Trial] = []
    problems: list[str] = []
    for k, source in enumerate(sources):
        cancel.check()
        wanted = -(-(n - len(trials)) // (len(sources) - k))  # what is left, evenly
        try:
            for trial in _try_on(
                source, find, wanted, np.random.default_rng((seed, k))
            ):
                trials.append(trial)
                progress(len(trials), n, "injecting clumps")
                cancel.check()
        except ClumpError as error:
            problems.append(error.message)
    if not trials:
        raise ImageError(
            "on none of the cutouts a clump could be put",
            sources[0].path if sources else None,
            problems[0] if problems else "Is there a galaxy in the middle?",
        )
    return trials, problems


def _try_on(source: Source, find: Finder, n: int, rng: Rng) -> Iterator[Trial]:
    """Yield n trials on one cutout, or fewer where no more fit."""
    cutout = read_cutout(source)
    sites = InjectionSites(cutout, geometry.as_boxes(find(cutout)[0]))
    for _ in range(n):
        one = sites.draw(rng)
        if one is None:
            return
        changed = replace(cutout, pixels=with_light(cutout.pixels, (one,)))
        boxes, scores = find(changed)
        near_by = one.found_by(geometry.as_boxes(boxes))
        found = [float(s) for s, yes in zip(scores, near_by, strict=True) if yes]
        best = max(found, default=None)
        yield Trial(cutout.name, one.ratio, one.x, one.y, best)
