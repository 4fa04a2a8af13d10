"""DS9 regions: those on the sky in one file, those of images in one file per cutout."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.astrometry.wcs import are_about_sky
from clump_detector.core.errors import LabelError
from clump_detector.core.files import write_text
from clump_detector.labels.formats.ds9_write import ds9_text, image_region, sky_regions
from napari_clumps.render.box_style import colour_hex
from napari_clumps.review import Box, Corners, Review

from .cutout_folder import Outgoing, into_folder
from .selection import ExportOptions, Step, Tally, read, selected, write_text_into

if TYPE_CHECKING:
    from regions import RectanglePixelRegion, RectangleSkyRegion


def export_sky(
    review: Review, path: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write regions in ICRS; cutouts without sky coordinates are left out by name.

    Parameters
    ----------
    review : Review
    path : path
        A ``.reg`` file.
    options : ExportOptions

    Returns
    -------
    str
        A sentence about the regions.

    Raises
    ------
    LabelError
        If there is nothing to export, or no cutout has sky coordinates.
    """
    found = selected(review, options)
    tally = Tally()
    regions: list[RectangleSkyRegion] = []
    texts: list[str] = []
    without = 0
    for number, record, cutout, boxes in read(review, found, tally):
        if cutout is not None and cutout.wcs is None:
            without += 1
            why = " ".join(are_about_sky(cutout.notes))
            tally.problems.append(
                f"{record.name} has no sky coordinates. {why}".strip()
            )
            tally.left_out.append(record.name)
        elif cutout is not None:
            held_out = record.held_out
            here = [_region(b, c, held_out) for b, c in boxes]
            regions += sky_regions(here, cutout.wcs)
            texts += [box.cls for box, _ in boxes]
            tally.add(len(boxes))
        yield number, len(found)
    if not tally.cutouts:
        if not without:
            tally.refuse_nothing(path)
        raise LabelError(
            f"no cutout has sky coordinates ({without:,} were read). "
            + " ".join(tally.problems[:1]),
            path,
            "Export regions of the images instead (--as ds9-image, to a folder).",
        )
    write_text(path, ds9_text(regions, texts))
    return f"{path}: {tally.in_words()}"


def export_image(
    review: Review, folder: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write a folder with one file of regions per cutout, in its own pixels.

    Parameters
    ----------
    review : Review
    folder : path
        The folder to create.
    options : ExportOptions

    Returns
    -------
    str
        A sentence about what was written.

    Raises
    ------
    LabelError
        If there is nothing to export, or no image can be used.
    """
    found = selected(review, options, empty=False)

    def put(temporary: Path, one: Outgoing) -> None:
        regions = [_region(box, c, one.record.held_out) for box, c in one.boxes]
        text = ds9_text(regions, [b.cls for b, _ in one.boxes], one.image_path)
        write_text_into(temporary / f"{one.name}.reg", text)

    return (yield from into_folder(review, folder, found, put))


def _region(box: Box, corners: Corners, held_out: bool) -> RectanglePixelRegion:
    """Return a box as a region with its status, and its colour in the window."""
    tags = [box.status.value, *(["held out"] if held_out else [])]
    return image_region(corners, tags, colour_hex(box.status))
