"""A survey in arrays: HDF5 files and Zarr folders that stack cutouts of one size.

An array has the shape (n, height, width, 3) of uint8 for pictures, and (n, bands,
height, width), (n, height, width, bands) or (n, height, width) for fluxes. Arrays of
length n beside it, or attributes, give names, positions, pixel scales and the PSF.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ClumpError, FileError
from clump_detector.image_files.sources import Source
from clump_detector.images.pixels.axes import MOST_BANDS
from clump_detector.images.pixels.band_names import bands_in
from clump_detector.images.pixels.limits import refuse_large
from clump_detector.survey_search.items import Item, address_of, stamp_of

from .scratch import Known, own_folder, write_fluxes, write_known, write_picture
from .stack_files import arrays_of, attributes, chunk_files, damaged, plain

#: Names of arrays and attributes by the columns of the table of galaxies.
_VALUES = {
    "ra": ("ra",),
    "dec": ("dec",),
    "pixscale": ("pixel_scale", "pixscale", "scale"),
    "psf_fwhm": ("psf_fwhm", "psf", "fwhm", "seeing"),
    "redshift": ("redshift", "z"),
}
_NAMES = ("name", "names", "galaxy", "id", "ids", "object_id", "objid")
_UNITS = ("unit", "units", "bunit")
_BANDS = ("bands", "filters", "band", "filter")


@dataclass(frozen=True)
class Stack:
    """An array of cutouts, and where what is known of them is.

    Attributes
    ----------
    path : path
    array : str
        Its name in the file.
    layout : str
        The axes after the first: "picture", "planes", "planes last" or "plane".
    bands : tuple of str
    unit : str
    fixed : mapping
        What is known of all cutouts, by column of the table of galaxies.
    arrays : mapping of str to str
        The names of arrays with a value for each cutout, by column.
    """

    path: Path
    array: str
    layout: str
    bands: tuple[str, ...]
    unit: str
    fixed: Known
    arrays: Mapping[str, str]


@dataclass(frozen=True)
class StackItem:
    """A row of an array.

    Attributes
    ----------
    stack : Stack
    row : int
    name, address : str
    watched : tuple of path
        Files whose change may change the row; a chunk may be missing.
    """

    stack: Stack
    row: int
    name: str
    address: str
    watched: tuple[Path, ...]

    def stamp(self) -> str:
        """Return the sizes and times of the files that hold the row."""
        first, *others = self.watched
        chunks = (stamp_of((p,)) if p.exists() else "no chunk" for p in others)
        return " ".join([stamp_of((first,)), *chunks])

    def source(self, scratch: Path) -> Source:
        """Write the row as FITS or PNG, with what is known of its galaxy."""
        stack, folder = self.stack, own_folder(scratch)
        with arrays_of(stack.path) as arrays:
            try:
                values = np.asarray(arrays[stack.array][self.row])
                own = {c: float(arrays[a][self.row]) for c, a in stack.arrays.items()}
            except Exception as error:  # both libraries raise many kinds
                raise damaged(stack.path, error) from error
        known = {"name": self.name, **stack.fixed}
        known |= {c: v for c, v in own.items() if math.isfinite(v)}
        path = folder / ("cutout.png" if stack.layout == "picture" else "cutout.fits")
        if stack.layout == "picture":
            write_picture(values if values.shape[-1] in (3, 4) else _last(values), path)
        else:
            write_fluxes(_planes(values, stack), stack.bands, stack.unit, known, path)
        write_known(known, path)
        return Source(self.name, (path,), stack.bands)


class Stacks:
    """The cutouts of an array in an HDF5 file or a Zarr folder.

    Parameters
    ----------
    path : path
    array : str
        Its name; empty for the only one that is a stack.
    dataset : path, optional
        Addresses of files below it are relative to it.

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    ConfigError
        If the library for it is not installed.
    FileError
        If the file cannot be read, or has no such array.
    """

    def __init__(
        self, path: Path, array: str = "", dataset: Path | None = None
    ) -> None:
        self.notes = list[str]()
        path = path.absolute()
        with arrays_of(path) as arrays:
            try:
                name = _chosen(arrays, array.strip("/"), path)
                self._stack = self._read(arrays, name, path)
                found, self._n = arrays[name], int(arrays[name].shape[0])
                self._names = _names(arrays, name, self._n, path)
                self._chunks = chunk_files(found, path, name)
            except ClumpError:
                raise
            except Exception as error:  # both libraries raise many kinds
                raise damaged(path, error) from error
        self._address = f"{address_of(path, dataset)}::{name}"

    @property
    def total(self) -> int:
        """How many cutouts there are."""
        return self._n

    def __iter__(self) -> Iterator[Item]:
        """Go through the rows."""
        yield from map(self.item, range(self._n))

    def item(self, row: int) -> StackItem:
        """Return a row, counted from 0."""
        name, address = self._names[row], f"{self._address}[{row}]"
        return StackItem(self._stack, row, name, address, self._chunks(row))

    def _read(self, arrays: Mapping[str, Any], name: str, path: Path) -> Stack:
        """Return what is known of the array and its rows."""
        array = arrays[name]
        layout = _layout(array, name, path)
        refuse_large(path, array.shape[1:], picture=layout == "picture")
        said = attributes(arrays, name)
        beside = _beside(arrays, name, array.shape[0])
        fixed, by_row = dict[str, object](), dict[str, str]()
        for column, words in _VALUES.items():
            found = next((beside[w] for w in words if w in beside), None)
            value = _number(next((said[w] for w in words if w in said), None))
            if found is not None and arrays[found].dtype.kind in "uif":
                by_row[column] = found
            elif value is not None:
                fixed[column] = value
        n = {"planes": 1, "planes last": 3}.get(layout)
        bands = self._bands(said, array.shape[n] if n else 1, path)
        unit = str(next((said[word] for word in _UNITS if word in said), ""))
        if layout == "picture":
            bands, unit = (), ""
        return Stack(path, name, layout, bands, unit, fixed, by_row)

    def _bands(self, said: Mapping[str, object], n: int, path: Path) -> tuple[str, ...]:
        """Return the bands that an attribute names, if they are as many as planes."""
        value = next((said[word] for word in _BANDS if word in said), "")
        listed = list(value) if isinstance(value, list | tuple) else []
        text = ",".join(map(str, listed)) if listed else str(value)
        words = tuple(word for word in re.split(r"[\s,;/|]+", text) if word)
        bands = bands_in(text, n) or words
        if words and len(bands) != n:
            self.notes.append(f"{path}: {text!r} are not the bands of {n} planes.")
        return bands if len(bands) == n else ()


def _chosen(arrays: Mapping[str, Any], wanted: str, path: Path) -> str:
    """Return the name of the array: the wanted one, or the only one that is a stack."""
    shapes = {name: f"{name or '/'} {array.shape}" for name, array in arrays.items()}
    listed = ", ".join(list(shapes.values())[:12]) or "none"
    if wanted:
        if wanted in arrays:
            return wanted
        raise FileError(f"there is no array {wanted!r}", path, f"There are: {listed}.")
    for ndim in (4, 3):
        found = [name for name, array in arrays.items() if len(array.shape) == ndim]
        if len(found) == 1:
            return found[0]
        if found:
            break
    raise FileError(
        "it is ambiguous which array holds the cutouts"
        if found
        else "no array is a stack of cutouts",
        path,
        f"Name one, as in {path.name}::images. There are: {listed}.",
    )


def _layout(array: Any, name: str, path: Path) -> str:
    """Return what the axes of an array are after the first."""
    shape, kind = tuple(array.shape), array.dtype
    if kind.kind in "uif" and 0 not in shape:
        if len(shape) == 3:
            return "plane"
        if len(shape) == 4:
            colours = shape[3] in (3, 4) or shape[1] in (3, 4)
            if kind == np.uint8 and colours:
                return "picture"
            first, second, last = (n <= MOST_BANDS for n in shape[1:])
            if first and not (second or last):
                return "planes"
            if last and not (first or second):
                return "planes last"
    raise FileError(
        f"the array {name or '/'} of shape {shape} and type {kind} is no stack",
        path,
        "Give (n, height, width, 3) of uint8, or (n, bands, height, width).",
    )


def _planes(values: AnyArray, stack: Stack) -> AnyArray:
    """Return a row as (bands, height, width)."""
    if stack.layout == "plane":
        return values[None]
    return np.moveaxis(values, -1, 0) if stack.layout == "planes last" else values


def _last(values: AnyArray) -> AnyArray:
    return np.moveaxis(values, 0, -1)


def _beside(arrays: Mapping[str, Any], name: str, n: int) -> dict[str, str]:
    """Return the names of the arrays of n values, by their last part in lower case.

    Those of the array's own group count before others.
    """
    group = name.rpartition("/")[0]
    found = [other for other, a in arrays.items() if tuple(a.shape) == (n,)]
    found.sort(key=lambda other: other.rpartition("/")[0] == group)
    return {other.rpartition("/")[2].lower(): other for other in found}


def _names(arrays: Mapping[str, Any], name: str, n: int, path: Path) -> list[str]:
    """Return the names of the cutouts, from an array of names or ids, or numbered."""
    beside = _beside(arrays, name, n)
    found = next((beside[word] for word in _NAMES if word in beside), None)
    stem = path.name.split(".")[0]
    numbered = [f"{stem}-{row}" for row in range(n)]
    if found is None:
        return numbered
    texts = [str(plain(value)).strip() for value in arrays[found][:]]
    return [text or other for text, other in zip(texts, numbered, strict=True)]


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
