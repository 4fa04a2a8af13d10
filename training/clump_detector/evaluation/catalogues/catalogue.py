"""A catalogue of clumps as it is compared: in pixels of a galaxy, or on the sky."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.labels.classes.non_clumps import is_no_clump
from clump_detector.labels.external import Corners, ForeignBox, ForeignLabels
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.labels.placement.match import galaxy_name
from clump_detector.labels.placement.place import PlacedBox, place_labels
from clump_detector.labels.tiers import tier_of_label

#: Sides of a box over the FWHM of the PSF.
_SIDES = 2.5

#: Side in pixels of the box by which a point is placed on an image.
_POINT = 1.0


@dataclass(frozen=True)
class Clump:
    """One clump of a catalogue.

    Attributes
    ----------
    galaxy : str
        Name for comparison; '' where the file gives none.
    image : str
        The file's own name for it.
    cls : str
    middle : (float, float) or None
        x, y in pixels.
    corners : tuple or None
        x1, y1, x2, y2 in pixels.
    sky : (float, float) or None
        Right ascension and declination in degrees.
    measured : mapping of str to float
        Such as a magnitude, by what it is; the score and the size in pixels, too.
    survey : str
    tier : str
        One of `clump_detector.labels.tiers.TIERS`; '' where nothing is said.
    """

    galaxy: str
    image: str
    cls: str
    middle: tuple[float, float] | None
    corners: Corners | None
    sky: tuple[float, float] | None
    measured: Mapping[str, float]
    survey: str
    tier: str = ""

    @property
    def fwhm(self) -> float | None:
        """FWHM of the PSF that the box's size stands for, in pixels."""
        size = self.measured.get("size")
        return None if size is None else size / _SIDES


@dataclass(frozen=True)
class Catalogue:
    """The clumps of one file.

    Attributes
    ----------
    name : str
        Of the file.
    path : path
    clumps : tuple of Clump
    galaxies : frozenset of str
        All that the file names, with a clump or without.
    notes : tuple of str
        What was left out, in sentences.
    """

    name: str
    path: Path
    clumps: tuple[Clump, ...]
    galaxies: frozenset[str]
    notes: tuple[str, ...] = field(default=())


def read_clumps(path: str | Path) -> Catalogue:
    """Read the clumps of any file of labels; see `KINDS` in `labels.formats.detect`.

    Boxes that are rejected or undecided there and those of classes that mark no clump
    are left out, and counted.

    Parameters
    ----------
    path : path
        Or ``vizier:`` and the name of a catalogue.

    Raises
    ------
    LabelError
        If it holds no clump.
    FileError
        If it cannot be read.
    """
    labels = read_labels(path)
    others = [galaxy_name(one) for one in labels.others]
    return _catalogue(labels, labels.boxes, others, labels.losses.in_words())


def read_clumps_on(
    path: str | Path, cutouts: Sequence[LabelledCutout]
) -> Generator[tuple[int, int], None, Catalogue]:
    """Read the clumps of a file of labels that lie on some cutouts, in their pixels.

    What the file names otherwise finds its cutout by object ids and positions on the
    sky, as where it is imported; see `clump_detector.labels.placement.place`.

    Parameters
    ----------
    path : path
        Or ``vizier:`` and the name of a catalogue.
    cutouts : sequence of LabelledCutout

    Yields
    ------
    (int, int)
        Cutouts processed, and all of them.

    Returns
    -------
    Catalogue

    Raises
    ------
    LabelError
        If no clump of it lies on one of them.
    FileError
        If it cannot be read.
    """
    labels = read_labels(path)
    placed = yield from place_labels(
        labels,
        [(k, one.source, (one.width, one.height)) for k, one in enumerate(cutouts)],
        pixels=_POINT,
    )
    boxes = [
        _in_pixels(one, cutouts[k].source.name)
        for k, on_it in placed.boxes.items()
        for one in on_it
    ]
    lost = [*placed.losses.in_words(), *placed.problems, *labels.losses.in_words()]
    if not boxes:
        raise LabelError(
            "none of its clumps lies on a galaxy of the review. "
            + " ".join(lost).removesuffix("."),
            labels.path,
            "A clump finds its galaxy by the image's name, an object id in it, or sky "
            "coordinates.",
        )
    return _catalogue(labels, boxes, (), lost)


def _in_pixels(placed: PlacedBox, image: str) -> ForeignBox:
    """Return a label in the pixels of the image on which it was placed."""
    label, (x1, y1, x2, y2) = placed.label, placed.corners
    if label.corners or label.shares or (label.sky and label.sky.region):
        return replace(label, image=image, corners=placed.corners, sky=None)
    # A point has no size of its own.
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    return replace(label, image=image, corners=None, middle=middle, sky=None)


def clumps_of(labels: LabelSet, name: str, path: Path) -> Catalogue:
    """Return the clumps of a label set, such as that of a review.

    Parameters
    ----------
    labels : LabelSet
    name : str
        What it is called.
    path : path
        Of the file that it is from.

    Raises
    ------
    LabelError
        If no clump is in it.
    """
    clumps = [
        _clump(
            ForeignBox(
                one.source.name, box.cls, box.corners, score=box.score,
                model=box.model, annotator=box.annotator, tier=tier_of_label(box),
            ),
            one.label_set,
        )
        for one in labels.cutouts
        for box in one.boxes
        if not box.ignored
    ]  # fmt: skip
    if not clumps:
        raise LabelError("no clump is accepted or drawn in it", path, "Decide on some.")
    galaxies = {galaxy_name(one.source.name) for one in labels.cutouts if one.done}
    galaxies |= {clump.galaxy for clump in clumps}
    lost = [f"{name}: left out: {why}." for why in labels.info.get("left_out", ())]
    return Catalogue(name, path, tuple(clumps), frozenset(galaxies), tuple(lost))


def _catalogue(
    labels: ForeignLabels,
    boxes: Sequence[ForeignBox],
    others: Sequence[str],
    lost: Sequence[str],
) -> Catalogue:
    """Return the clumps among boxes of a file, and say what was left out."""
    left: Counter[str] = Counter()
    clumps = []
    for box in boxes:
        why = _left_out(box)
        if why:
            left[why] += 1
        else:
            clumps.append(_clump(box, box.survey))
    said = [*lost, *(f"{n:,} left out: {why}." for why, n in left.items())]
    if not clumps:
        raise LabelError(
            "none of its boxes is a clump. " + " ".join(said).removesuffix("."),
            labels.path,
            "Name a file whose clumps are decided.",
        )
    galaxies = {*others, *(clump.galaxy for clump in clumps)}
    name = labels.path.name
    return Catalogue(
        name,
        labels.path,
        tuple(clumps),
        frozenset(galaxies - {""}),
        tuple(f"{name}: {one}" for one in said),
    )


def _left_out(box: ForeignBox) -> str:
    """Return why a box is no clump that is compared, '' if it is one."""
    exported = box.status == "proposal" and box.tier  # as a clump, on purpose
    if box.status and not exported:
        return f"{box.status} there"
    if is_no_clump(box.cls):
        return f"of the class “{box.cls}”"
    placed = box.corners or box.middle or box.sky or (box.shares and box.size)
    return "" if placed else "without a position that can be compared"


def _clump(box: ForeignBox, survey: str) -> Clump:
    corners = box.corners
    if corners is None and box.shares is not None and box.size is not None:
        width, height = box.size
        x1, y1, x2, y2 = box.shares
        corners = (
            x1 * width - 0.5, y1 * height - 0.5, x2 * width - 0.5, y2 * height - 0.5,
        )  # fmt: skip
    middle, measured = box.middle, dict(box.measured)
    if corners is not None:
        middle = (corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2
        size = (corners[2] - corners[0] + corners[3] - corners[1]) / 2
        measured["size"] = size
    if box.score is not None:
        measured["score"] = box.score
    number = next(iter(box.ids.values()), None)
    galaxy = galaxy_name(box.image) or ("" if number is None else str(number))
    sky = None if box.sky is None else (box.sky.ra, box.sky.dec)
    return Clump(
        galaxy, box.image or galaxy, box.cls, middle, corners, sky, measured, survey,
        box.tier,
    )  # fmt: skip
