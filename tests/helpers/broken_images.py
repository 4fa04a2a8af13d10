"""Broken image files of every kind, the same for the same seed, and a run on them.

``python -m tests.helpers.broken_images FOLDER N SEED`` writes N files, one after the
other, reads each, and prints as JSON the slowest, the memory, and what was no
`ClumpError`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import tifffile
from astropy.io import fits
from PIL import Image

from tests.helpers.breaking import (
    Broken,
    cut,
    flipped,
    longer,
    moved,
    overwritten,
    read_each,
)

#: Numbers that no header of a cutout should hold.
NASTY = (
    "0", "-1", "1", "2", "3", "7", "999", "1000", "65536", "1000000", "1000000000",
    "2147483647", "4294967296", "9223372036854775807", "1" + "0" * 30, "1.5", "-0.0",
    "1E400", "1E-320", "NaN", "'abc'", "''", "T", "F", "(1,2)", "", "'", "1 2",
    "'A'/", "--1",
)  # fmt: skip

KEYS = (
    "SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "NAXIS4", "EXTEND",
    "XTENSION", "PCOUNT", "GCOUNT", "GROUPS", "TFIELDS", "TFORM1", "TFORM2", "TTYPE1",
    "THEAP", "ZIMAGE", "ZBITPIX", "ZNAXIS", "ZNAXIS1", "ZNAXIS2", "ZTILE1", "ZTILE2",
    "ZCMPTYPE", "ZQUANTIZ", "ZDITHER0", "ZNAME1", "ZVAL1", "ZNAME2", "ZVAL2", "ZBLANK",
    "ZSCALE", "ZZERO", "BSCALE", "BZERO", "BLANK", "WCSAXES", "CTYPE1", "CTYPE2",
    "CTYPE3", "CRVAL1", "CRPIX2", "CDELT1", "CD1_1", "PC1_2", "PV2_1", "A_ORDER",
    "B_ORDER", "A_1_1", "EQUINOX", "RADESYS", "BUNIT", "MAGZERO", "FLUXMAG0", "NMGY",
    "EXPTIME", "PSFFWHM", "SEEING", "BANDS", "FILTER", "BAND1", "EXTNAME", "SOFTBIAS",
    "BOFFSET", "BSOFTEN", "INHERIT", "CONTINUE", "END", "HIERARCH", "CHECKSUM",
    "PIXSCALE",
)  # fmt: skip


def _pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1, 2, shape).astype(np.float32)


def _header() -> fits.Header:
    header = fits.Header()
    for axis, (kind, value) in enumerate((("RA---TAN", 150.0), ("DEC--TAN", 2.0)), 1):
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"] = kind, value
        header[f"CRPIX{axis}"], header[f"CDELT{axis}"] = 20.0, 1e-4
    header["BUNIT"], header["PSFFWHM"], header["FILTER"] = "nanomaggy", 1.2, "g"
    return header


def _fits(*hdus: fits.hdu.base.ExtensionHDU) -> bytes:
    out = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(out, output_verify="ignore")
    return out.getvalue()


def _tiles(scheme: str, array: np.ndarray, **more: object) -> bytes:
    hdu = fits.CompImageHDU(array, _header(), compression_type=scheme, **more)
    return _fits(fits.PrimaryHDU(), hdu)


def _bands() -> bytes:
    hdus: list[fits.ImageHDU] = [fits.PrimaryHDU()]
    for i, band in enumerate("gri"):
        hdus.append(fits.ImageHDU(_pixels(30, 40, seed=i), _header(), name=band))
        weight = np.full((30, 40), 0.25, np.float32)
        hdus.append(fits.ImageHDU(weight, name=f"{band}_invvar"))
    return _fits(*hdus)


def _groups() -> bytes:
    """Return random groups, an image kind of old radio surveys."""
    header = fits.Header()
    header["SIMPLE"], header["BITPIX"], header["NAXIS"] = True, -32, 3
    header["NAXIS1"], header["NAXIS2"], header["NAXIS3"] = 0, 6, 7
    header["GROUPS"], header["PCOUNT"], header["GCOUNT"] = True, 1, 5
    data = _pixels(5, 43).astype(">f4").tobytes()
    return header.tostring().encode() + data.ljust(2880, b"\0")


def _table() -> bytes:
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=np.ones(9))])
    return _fits(fits.PrimaryHDU(), table, fits.ImageHDU(_pixels(30, 40), _header()))


def _scaled() -> bytes:
    hdu = fits.PrimaryHDU(
        np.arange(2400, dtype=np.uint16).reshape(2, 30, 40), _header()
    )
    hdu.header["BLANK"] = 7
    return _fits(hdu)


def _picture(kind: str, shape: tuple[int, ...], **options: object) -> bytes:
    out = io.BytesIO()
    dtype = np.uint16 if options.pop("deep", False) else np.uint8
    pixels = np.random.default_rng(1).integers(0, 255, shape).astype(dtype)
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def _tiff(array: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, array, **options)
    return out.getvalue()


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _npz(save: Callable[..., None]) -> bytes:
    out = io.BytesIO()
    names = np.array(["g", "r", "i"])
    save(out, image=_pixels(3, 30, 40), bands=names, ivar=_pixels(3, 30, 40) ** 2)
    return out.getvalue()


@cache
def whole_files() -> dict[str, bytes]:
    """Return files that can be read, by name."""
    plane = fits.PrimaryHDU(_pixels(30, 40), _header())
    whole = (100 * _pixels(30, 40)).astype(np.int16)
    blank = (
        np.zeros((40, 30, 3), np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None]
    )
    return {
        "plane.fits": _fits(plane),
        "cube.fits": _fits(fits.PrimaryHDU(_pixels(3, 30, 40), _header())),
        "scaled.fits": _scaled(),
        "bands.fits": _bands(),
        "table.fits": _table(),
        "groups.fits": _groups(),
        "rice.fits.fz": _tiles("RICE_1", whole),
        "floats.fits.fz": _tiles("RICE_1", _pixels(30, 40)),
        "gzip.fits.fz": _tiles("GZIP_1", _pixels(30, 40), quantize_level=0),
        "shuffled.fits.fz": _tiles("GZIP_2", whole),
        "hcompress.fits.fz": _tiles("HCOMPRESS_1", whole),
        "plio.fits.fz": _tiles("PLIO_1", np.abs(whole)),
        "packed.fits.gz": gzip.compress(_fits(plane), mtime=0),
        "packed.fits.bz2": bz2.compress(_bands()),
        "grey.png": _picture("PNG", (30, 40)),
        "colour.png": _picture("PNG", (30, 40, 3)),
        "see-through.png": _picture("PNG", (30, 40, 4)),
        "deep.png": _picture("PNG", (30, 40), deep=True),
        "photo.jpg": _picture("JPEG", (60, 80, 3)),
        "slow.jpg": _picture("JPEG", (60, 80, 3), progressive=True),
        "plain.tif": _tiff(_pixels(30, 40)),
        "colour.tif": _tiff(blank, photometric="rgb"),
        "zip.tif": _tiff(_pixels(30, 40), compression="zlib"),
        "tiles.tif": _tiff(_pixels(48, 64), tile=(16, 16), compression="zlib"),
        "pages.tif": _tiff(_pixels(3, 30, 40), photometric="minisblack"),
        "plane.npy": _npy(_pixels(30, 40)),
        "cube.npy": _npy(_pixels(3, 30, 40).astype(">f8")),
        "plain.npz": _npz(np.savez),
        "packed.npz": _npz(np.savez_compressed),
    }


def broken_file(number: int, seed: int = 0) -> tuple[str, bytes]:
    """Return the name and the bytes of one broken file."""
    chance = random.Random(f"{seed} {number}")
    files = whole_files()
    names = sorted(files)
    slow = [0.4 if n.startswith(("hcompress", "plio")) else 1 for n in names]
    (name,) = chance.choices(names, slow)
    content = files[name]
    if chance.random() < 0.05:  # a file of another type under this name
        return name, files[chance.choice(sorted(files))]
    packed = {
        "z": (gzip.decompress, gzip.compress),
        "2": (bz2.decompress, bz2.compress),
    }
    if name.startswith("packed.fits") and chance.random() < 0.7:
        unpack, pack = packed[name[-1]]
        return name, pack(_broken(unpack(content), "inner.fits", chance))
    if name.endswith(".npz") and chance.random() < 0.7:
        return name, _broken_member(content, chance)
    return name, _broken(content, name, chance)


def _broken(content: bytes, name: str, chance: random.Random) -> bytes:
    special = {".png": _png_header, ".tif": _numbers, ".npy": _array_header}
    ways = [flipped, _flipped_early, cut, longer, overwritten, moved]
    weights = [3, 3, 2, 1, 2, 1]
    way = special.get(Path(name).suffix, _cards if ".fit" in name else None)
    if way is not None:
        ways, weights = [*ways, way], [*weights, 16]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choices(ways, weights)[0](content, chance)
    return content


def _flipped_early(content: bytes, chance: random.Random) -> bytes:
    return flipped(content, chance, 400)


def _cards(content: bytes, chance: random.Random) -> bytes:
    """Change, add or spoil cards of FITS headers."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        key = chance.choice(KEYS)
        value = chance.choice(NASTY)
        if chance.random() < 0.2:
            value = str(chance.randint(-(10**4), 10**10))
        card = f"{key:8s}= {value:>20s}".encode()[:80].ljust(80)
        place = content.find(f"{key:8s}=".encode())
        if place < 0:  # a key of its own takes the place of another card
            known = [
                i for i in range(0, len(content), 80) if content[i + 8 : i + 9] == b"="
            ]
            place = chance.choice(known) if known else 0
        content = content[:place] + card + content[place + 80 :]
    return content


def _png_header(content: bytes, chance: random.Random) -> bytes:
    """Give a PNG another size or kind, with a right checksum."""
    width, height = (chance.choice((1, 40, 9999, 10**5, 2**31 - 1)) for _ in range(2))
    rest = bytes(chance.choice((0, 1, 2, 3, 8, 16)) for _ in range(5))
    if chance.random() < 0.5:
        rest = content[24:29]
    body = b"IHDR" + struct.pack(">II", width, height) + rest
    return content[:12] + body + struct.pack(">I", zlib.crc32(body)) + content[33:]


def _numbers(content: bytes, chance: random.Random) -> bytes:
    """Overwrite a number of a TIFF's directory."""
    broken = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(4, max(min(len(broken) - 4, 600), 5))
        number = chance.choice((0, 1, 2**16 - 1, 10**6, 10**9, 2**31, 2**32 - 1))
        broken[place : place + 4] = struct.pack("<I", number)
    return bytes(broken)


def _array_header(content: bytes, chance: random.Random) -> bytes:
    """Give a numpy array another shape or type, in a header of the same length."""
    shape = tuple(
        chance.choice((0, 1, 30, 40, -1, 10**5, 10**9, 2**62))
        for _ in range(chance.randint(0, 5))
    )
    kind = chance.choice(
        ("<f4", ">f8", "|O", "<U9", "|V8", "<c8", "|S5", "<M8[s]", "x")
    )
    fortran = chance.choice((True, False))
    header = {"descr": kind, "fortran_order": fortran, "shape": shape}
    length = int.from_bytes(content[8:10], "little")
    text = repr(header).encode()[: length - 1].ljust(length - 1) + b"\n"
    return content[:10] + text + content[10 + length :]


def _broken_member(content: bytes, chance: random.Random) -> bytes:
    """Break an array inside an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        victim = chance.choice(old.namelist())
        for name in old.namelist():
            inside = old.read(name)
            if name == victim:
                inside = _broken(inside, name, chance)
            new.writestr(zipfile.ZipInfo(name), inside, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def cases(n: int, seed: int) -> Iterator[Broken]:
    """Yield broken images."""
    from clump_detector.images.cutout import read_cutout

    for number in range(n):
        name, content = broken_file(number, seed)
        yield Broken(name, content, read_cutout, {})


if __name__ == "__main__":
    folder, n, seed = sys.argv[1:]
    with tempfile.TemporaryDirectory() as whole:
        first = Path(whole, "first.fits")
        first.write_bytes(whole_files()["plane.fits"])
        next(cases(1, 0)).read(first)  # imports take their time once
    print(json.dumps(read_each(cases(int(n), int(seed)), Path(folder))))
