"""Files that promise what they do not hold: refused from their headers, at once."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
import tifffile
from astropy.io import fits

from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import read_cutout
from tests.helpers.resources import work

#: Refusing takes no more than this, whatever is promised.
SECONDS = 2.0
MEGABYTES = 150


def cards(*lines):
    """Return a FITS header of these cards as they are."""
    text = "".join(f"{line:80.80}" for line in (*lines, "END"))
    return text.ljust(-(-len(text) // 2880) * 2880).encode()


def card(key, value):
    return f"{key:8s}= {value!s:>20s}"


def promising(bitpix=-32, first="SIMPLE  =                    T", **axes):
    lines = [first, card("BITPIX", bitpix), card("NAXIS", len(axes))]
    return cards(*lines, *(card(k, v) for k, v in axes.items()))


def with_card(content, key, value):
    """Return a file with one card of another value."""
    place = content.index(f"{key:8s}=".encode())
    return content[:place] + card(key, value).ljust(80).encode() + content[place + 80 :]


def saved(hdu):
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
    return out.getvalue()


def tiles(scheme="RICE_1", key=None, value=None):
    array = np.arange(3000, dtype=np.int16).reshape(50, 60)
    content = saved(fits.CompImageHDU(array, compression_type=scheme))
    return content if key is None else with_card(content, key, value)


def bomb_in_a_tile():
    """Return an image whose only tile unpacks to a gigabyte."""
    packed = gzip.compress(bytes(10**9), 9)
    tile = np.array([np.frombuffer(packed, "u1")], object)
    column = fits.Column("COMPRESSED_DATA", "1PB()", array=tile)
    table = fits.BinTableHDU.from_columns([column])
    content = saved(table)
    extra = "".join(
        card(k, v).ljust(80)
        for k, v in (
            ("ZIMAGE", "T"), ("ZCMPTYPE", "'GZIP_1'"), ("ZBITPIX", 16), ("ZNAXIS", 2),
            ("ZNAXIS1", 600), ("ZNAXIS2", 500), ("ZTILE1", 600), ("ZTILE2", 500),
        )
    ).encode()  # fmt: skip
    end = content.index(b"END" + b" " * 77, 2880)
    header = content[2880:end] + extra + b"END" + b" " * 77
    return (
        content[:2880] + header.ljust(-(-len(header) // 2880) * 2880) + content[5760:]
    )


def png(width, height):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body))
            + kind
            + body
            + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"0" * 99))
        + chunk(b"IEND", b"")
    )


def npy(shape, kind="<f4", data=b"0" * 400):
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    return out.getvalue() + data


def npz(inside, stored=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", stored) as archive:
        archive.writestr("image.npy", inside)
    return out.getvalue()


def tiff_with(tag, number):
    out = io.BytesIO()
    tifffile.imwrite(out, np.arange(3000, dtype=np.float32).reshape(50, 60))
    content = bytearray(out.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as tiff:
        place = tiff.pages[0].tags[tag].offset
    content[place + 2 : place + 12] = struct.pack("<HII", 4, 1, number)
    return bytes(content)


HOSTILE = {
    "a thousand million columns": (
        "a.fits",
        promising(NAXIS1=10**9, NAXIS2=2),
        "claims",
    ),
    "a million by a million": (
        "a.fits",
        promising(NAXIS1=10**6, NAXIS2=10**6),
        "claims",
    ),
    "more bytes than there are numbers": (
        "a.fits",
        promising(NAXIS1=10**30, NAXIS2=10**30),
        "claims",
    ),
    "a thousand million axes": (
        "a.fits",
        cards(
            "SIMPLE  =                    T", card("BITPIX", 8), card("NAXIS", 10**9)
        ),
        "NAXIS = 1000000000",
    ),
    "negative axes": ("a.fits", promising(NAXIS1=-5, NAXIS2=-5), "NAXIS1 = -5"),
    "axes in words": (
        "a.fits",
        promising(NAXIS1="'many'", NAXIS2=3),
        "NAXIS1 is 'many'",
    ),
    "no BITPIX": (
        "a.fits",
        cards("SIMPLE  =                    T", card("NAXIS", 2)),
        "BITPIX is missing",
    ),
    "an unknown BITPIX": ("a.fits", promising(7, NAXIS1=5, NAXIS2=5), "BITPIX = 7"),
    "no end": (
        "a.fits",
        (b"SIMPLE  =                    T".ljust(80) * 36) * 2500,
        "a header has no end",
    ),
    "no second end": (
        "a.fits",
        saved(fits.ImageHDU(np.ones((5, 5))))[:2880] + b"XTENSION= 'IMAGE   '",
        "a header has no end",
    ),
    "a table of many": (
        "a.fits",
        promising(8) + promising(8, "XTENSION= 'BINTABLE'", NAXIS1=10**9, NAXIS2=10**9),
        "claims",
    ),
    "negative PCOUNT": ("a.fits", with_card(tiles(), "PCOUNT", -(10**6)), "PCOUNT"),
    "many values in few tiles": (
        "a.fits",
        tiles(key="ZNAXIS1", value=10**6),
        "cannot hold",
    ),
    "more tiles than rows": (
        "a.fits",
        tiles(key="ZNAXIS2", value=51),
        "51 tiles in 50 rows",
    ),
    "tiles of no size": ("a.fits", tiles(key="ZTILE1", value=0), "ZTILE1 = 0"),
    "a setting that crashes the decoder": (
        "a.fits",
        tiles(key="ZVAL2", value=10**9),
        "BYTEPIX",
    ),
    "an unknown scheme": (
        "a.fits",
        tiles(key="ZCMPTYPE", value="'NEW_9'"),
        "compression NEW_9 is not supported",
    ),
    "no type of values": ("a.fits", tiles(key="ZBITPIX", value=12), "ZBITPIX = 12"),
    "many fields": ("a.fits", tiles(key="TFIELDS", value=10**9), "TFIELDS"),
    "fields of another width": (
        "a.fits",
        tiles(key="TFORM1", value="'1PB(9)XX'").replace(b"'1PB(", b"'9PB("),
        "TFORM1",
    ),
    "a gzip bomb": (
        "a.fits.gz",
        gzip.compress(bytes(200 * 2**20)),
        "expand to more than",
    ),
    "a bzip2 bomb": (
        "a.fits.bz2",
        bz2.compress(bytes(200 * 2**20)),
        "expand to more than",
    ),
    "a small promise of much": (
        "a.fits.gz",
        gzip.compress(promising(NAXIS1=10**5, NAXIS2=10**5)),
        "claims",
    ),
    "a large png": (
        "a.png",
        png(60_000, 60_000),
        "60,000 x 60,000 pixels are too many",
    ),
    "an empty png": ("a.png", png(9_000, 9_000), "cannot hold"),
    "a large npy": ("a.npy", npy((10**6, 10**6)), "too many"),
    "an empty npy": ("a.npy", npy((5000, 5000)), "claims 100 MB"),
    "an npy of no shape": ("a.npy", npy((2**62, 4)), "too many"),
    "an empty npz": ("a.npz", npz(npy((5000, 5000))), "claims"),
    "an npz bomb": (
        "a.npz",
        npz(npy((5000, 5000), data=bytes(10**8))),
        "expand to more than",
    ),
    "a large tiff": ("a.tif", tiff_with("ImageWidth", 10**9), "too many"),
    "an empty tiff": (
        "a.tif",
        tiff_with("ImageLength", 10**4),
        r"claims|cannot hold",
    ),
}


@pytest.mark.parametrize(
    ("name", "content", "message"), HOSTILE.values(), ids=HOSTILE.keys()
)
def test_it_is_refused_before_memory_is_taken(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with work() as done, pytest.raises(ImageError, match=message) as caught:
            read_cutout(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in caught.value.message
    assert caught.value.remedy
    assert done.seconds < SECONDS
    assert peak < MEGABYTES * 2**20


def test_a_bomb_in_a_tile(tmp_path):
    path = tmp_path / "a.fits.fz"
    path.write_bytes(bomb_in_a_tile())
    with pytest.raises(ImageError, match="a tile of more pixels than it has"):
        read_cutout(path)


#: Keys of a WCS for which wcslib would allocate memory, and how much.
GREEDY = {
    "many axes": {"WCSAXES": 10**9},
    "a polynomial of a high order": {
        "A_ORDER": 10**6,
        "B_ORDER": 10**6,
        "CTYPE1": "RA---TAN-SIP",
        "CTYPE2": "DEC--TAN-SIP",
    },
    "a parameter of a far axis": {"PV99_99": 1.0, "CD99_99": 1.0, "CRPIX99": 3.0},
    "tables that are not there": {"CPDIS1": "LOOKUP", "DP1": "EXTVER: 1.0"},
}


@pytest.mark.parametrize("keys", GREEDY.values(), ids=GREEDY.keys())
def test_a_greedy_wcs_costs_nothing(tmp_path, keys):
    hdu = fits.PrimaryHDU(np.arange(3000.0).reshape(50, 60))
    hdu.header.update({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
        "CRPIX1": 20.0, "CRPIX2": 20.0, "CDELT1": -1e-4, "CDELT2": 1e-4, **keys,
    })  # fmt: skip
    hdu.writeto(tmp_path / "a.fits")
    with work() as done:
        assert read_cutout(tmp_path / "a.fits").scale == pytest.approx(0.36)
    assert done.seconds < SECONDS


def test_what_follows_the_last_part_is_nobodys(tmp_path):
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.arange(3000.0).reshape(50, 60)).writeto(path)
    path.write_bytes(path.read_bytes() + b"something else" * 300)
    assert read_cutout(path).pixels.shape == (1, 50, 60)


def test_a_file_without_its_padding_is_whole(tmp_path):
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.arange(3000.0).reshape(50, 60)).writeto(path)
    path.write_bytes(path.read_bytes()[: 2880 + 3000 * 8])
    assert read_cutout(path).pixels[0, -1, -1] == 2999


def test_an_eps_called_png_starts_no_other_program(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    started = []
    monkeypatch.setattr(
        EpsImagePlugin, "Ghostscript", lambda *a, **k: started.append(a)
    )
    path = tmp_path / "a.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(ImageError, match="damaged or not an image"):
        read_cutout(path)
    assert started == []
