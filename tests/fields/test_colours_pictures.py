"""Colours of TIFF and PNG: by what the tags say, however the values are stored."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import from_array, read_cutout
from tests.fields.colour_files import BLUE, colour_at_knot, is_blue, planes, png, rgb
from tests.fields.understood import understood


def tiff(path, array, **options):
    tifffile.imwrite(path, array, **options)
    return path


STORED = {
    "interleaved": {},
    "planes apart": {"planarconfig": "separate"},
    "Deflate": {"compression": "zlib"},
    "Deflate, predictor": {"compression": "zlib", "predictor": True},
    "tiles": {"tile": (32, 32), "compression": "zlib"},
    "planes apart, tiles": {"planarconfig": "separate", "tile": (32, 32)},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
}


@understood(
    "TIFF", "RGB, interleaved or in separate planes, in strips or tiles", "read",
    "red, green and blue, as the tags say",
)  # fmt: skip
@understood(
    "TIFF, PNG", "8, 10, 12 or 14 bits of colour in 16", "converted",
    "to eight bits by the brightest value, so that it is not nearly black",
)  # fmt: skip
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("options", STORED.values(), ids=STORED.keys())
def test_rgb_tiff_however_it_is_stored(tmp_path, options, bits):
    array = rgb(bits, kind=np.uint8 if bits == 8 else np.uint16)
    if options.get("planarconfig"):
        array = np.ascontiguousarray(np.moveaxis(array, 2, 0))
    path = tiff(tmp_path / "a.tif", array, photometric="rgb", **options)
    assert read_cutout(path).is_picture
    assert colour_at_knot(path) == pytest.approx(BLUE, abs=2)


@understood(
    "TIFF", "RGB in real numbers", "read",
    "fluxes in red, green and blue, the last of which is shown blue",
)  # fmt: skip
@pytest.mark.parametrize("planar", [False, True])
def test_rgb_of_real_numbers(tmp_path, planar):
    array = np.stack(planes([0.1, 0.1, 1.0]), axis=-1)
    options = {"photometric": "rgb"}
    if planar:
        array, options["planarconfig"] = np.moveaxis(array, 2, 0), "separate"
    path = tiff(tmp_path / "a.tif", array, **options)
    assert is_blue(colour_at_knot(path))
    assert "taken as red, green and blue" in read_cutout(path).read_as


@understood(
    "TIFF", "transparency or other extra samples beside grey or RGB", "ignored",
    "the colours are read, the rest is left out",
)  # fmt: skip
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("n", [1, 2])
def test_extra_samples(tmp_path, extra, n):
    array = np.concatenate([rgb(), np.full((64, 64, n), 200, np.uint8)], axis=2)
    extras = ["unspecified"] * (n - 1) + [extra]
    path = tiff(
        tmp_path / "a.tif", array, photometric="rgb", extrasamples=extras,
        planarconfig="contig",
    )  # fmt: skip
    assert colour_at_knot(path) == pytest.approx(BLUE, abs=2)
    if n == 1 and extra != "unspecified":
        grey = np.stack([rgb()[..., 2], array[..., -1]], axis=2)
        path = tiff(
            tmp_path / "b.tif", grey, photometric="minisblack", extrasamples=[extra],
            planarconfig="contig",
        )  # fmt: skip
        assert np.array_equal(read_cutout(path).pixels[..., 0], rgb()[..., 2])


def saved(path, mode="RGB", **options):
    Image.fromarray(rgb()).convert(mode).save(path, **options)
    return path


@understood("TIFF", "inks (CMYK), YCbCr", "converted", "to the colours that are seen")
@understood("TIFF", "a palette", "converted", "to its colours")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "YCbCr", "P"])
@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]
)
def test_colour_models_and_compressions(tmp_path, mode, compression):
    if compression == "jpeg" and mode in ("P", "RGBA"):
        pytest.skip("is not written")
    path = saved(tmp_path / "a.tif", mode, compression=compression)
    assert read_cutout(path).read_as == "a picture"
    near = 60 if mode == "P" else 25 if compression == "jpeg" else 6
    assert colour_at_knot(path) == pytest.approx(BLUE, abs=near)


@understood(
    "TIFF", "LZW, JPEG, PackBits and the like, which tifffile does not decode alone",
    "read", "by Pillow; where that would lose digits it is refused with the remedy",
)  # fmt: skip
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits"])
def test_fluxes_in_other_compressions(tmp_path, kind, compression):
    array = rgb(8, kind=kind)[..., 2]
    Image.fromarray(array).save(tmp_path / "a.tif", compression=compression)
    pixels = read_cutout(tmp_path / "a.tif").pixels
    got = pixels[..., 0] if kind == np.uint8 else pixels[0]
    assert np.array_equal(got, array)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_turned_picture_that_pillow_decodes(tmp_path, bits):
    kind = np.uint8 if bits == 8 else np.uint16
    array = rgb(bits, kind=kind)[:40, :, 2]
    options = {"compression": "tiff_lzw", "tiffinfo": {274: 6}}
    Image.fromarray(array).save(tmp_path / "a.tif", **options)
    pixels = read_cutout(tmp_path / "a.tif").pixels
    got = pixels[..., 0] if bits == 8 else pixels[0]
    assert np.array_equal(got, np.rot90(array, -1))


def relabelled(path, compression, **tags):
    """Return a TIFF whose tags say something else than what it holds."""
    with tifffile.TiffFile(path, mode="r+b") as made:
        for name, value in {"Compression": compression, **tags}.items():
            made.pages[0].tags[name].overwrite(value)
    return path


def test_a_compression_that_nothing_decodes_is_refused_with_the_remedy(tmp_path):
    path = tiff(tmp_path / "a.tif", rgb(), photometric="rgb", compression="zlib")
    with pytest.raises(ImageError, match="is not supported if compressed") as said:
        read_cutout(relabelled(path, 34712))  # JPEG 2000
    assert "Deflate" in said.value.message
    assert "damaged" not in said.value.message


REFUSED = {"cielab": "CIELAB", "cfa": "camera", "logl": "LogLuv", "mask": "mask"}


@understood(
    "TIFF", "CIELAB, LogLuv, a mask, or the raw image of a camera", "refused",
    "with what it is and what to save instead",
)  # fmt: skip
@pytest.mark.parametrize(("kind", "said"), REFUSED.items(), ids=REFUSED.keys())
def test_what_is_no_picture_is_refused(tmp_path, kind, said):
    path = tiff(tmp_path / "a.tif", rgb()[..., 2], photometric="minisblack")
    code = {"cielab": 8, "cfa": 32803, "logl": 32844, "mask": 4}[kind]
    with tifffile.TiffFile(path, mode="r+b") as made:
        made.pages[0].tags["PhotometricInterpretation"].overwrite(code)
    with pytest.raises(ImageError, match=said):
        read_cutout(path)


@understood(
    "TIFF", "white is 0", "converted",
    "integers are inverted; of real numbers it says how they were looked at only",
)  # fmt: skip
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_white_is_zero(tmp_path, kind, compression):
    light = rgb(8, kind=kind)[..., 2]
    stored = np.iinfo(kind).max - light
    path = tiff(
        tmp_path / "a.tif", stored, photometric="miniswhite", compression=compression
    )
    pixels = read_cutout(path).pixels
    got = pixels[..., 0] if kind == np.uint8 else pixels[0]
    assert np.array_equal(got, light)


def test_white_is_zero_of_real_numbers_is_said(tmp_path):
    light = rgb(8, kind=np.float32)[..., 2]
    cutout = read_cutout(tiff(tmp_path / "a.tif", light, photometric="miniswhite"))
    assert np.array_equal(cutout.pixels[0], light)
    assert any("white is 0" in note for note in cutout.notes)


def test_one_bit(tmp_path):
    light = rgb()[..., 2] > 100
    Image.fromarray(light).save(tmp_path / "a.tif")
    assert np.array_equal(read_cutout(tmp_path / "a.tif").pixels[..., 0], 255 * light)


@understood(
    "TIFF", "a reduced preview beside the picture, or more pages of colour", "ignored",
    "the picture is read, and what is not is said",
)  # fmt: skip
def test_a_preview_before_the_picture(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as out:
        out.write(rgb()[::4, ::4], photometric="rgb", subfiletype=1)
        out.write(rgb(), photometric="rgb")
    cutout = read_cutout(path)
    assert cutout.pixels.shape == (64, 64, 3)
    assert any("Not read of a.tif" in note for note in cutout.notes)


@understood(
    "TIFF", "three channels of an ImageJ composite", "read",
    "in the lights that its tables say; red, green, blue without",
)  # fmt: skip
@pytest.mark.parametrize("lights", ["", "rgb", "bgr", "gbr"])
def test_channels_of_imagej(tmp_path, lights):
    array = rgb(12, kind=np.uint16)
    channels = np.stack([array[..., "rgb".index(c)] for c in lights or "rgb"])
    told = {"axes": "CYX", "mode": "composite"}
    if lights:
        ramp = np.arange(256, dtype=np.uint8)
        tables = np.zeros((3, 3, 256), np.uint8)
        for channel, light in enumerate(lights):
            tables[channel, "rgb".index(light)] = ramp
        told["LUTs"] = list(tables)
    path = tiff(
        tmp_path / "a.tif", channels, imagej=True, metadata=told,
        photometric="minisblack",
    )  # fmt: skip
    assert colour_at_knot(path) == pytest.approx(BLUE, abs=3)


def test_grey_pages_are_bands(tmp_path):
    array = np.moveaxis(rgb(8, kind=np.float32), 2, 0)
    path = tiff(tmp_path / "a.tif", array, photometric="minisblack")
    assert np.array_equal(read_cutout(path).pixels, array)


# -- PNG, and other colours of 16 bits ---------------------------------------------


@understood(
    "PNG", "colours of 16 bits", "read", "all their bits; by the brightest value"
)
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("alpha", [False, True])
def test_png_of_16_bits(tmp_path, bits, alpha):
    array = rgb(bits, kind=np.uint16)
    if alpha:
        array = np.dstack([array, np.full((64, 64), 65535, np.uint16)])
    (tmp_path / "a.png").write_bytes(png(array))
    assert colour_at_knot(tmp_path / "a.png") == pytest.approx(BLUE, abs=2)


@understood(
    "PNG", "grey of 16 bits with transparency, fewer than 14 of them used", "refused",
    "Pillow loses the lower bits; save it without transparency",
)  # fmt: skip
def test_grey_png_with_transparency(tmp_path):
    full = np.full((64, 64), 65535, np.uint16)
    for bits in (12, 16):
        grey = np.dstack([rgb(bits, kind=np.uint16)[..., 2], full])
        (tmp_path / f"{bits}.png").write_bytes(png(grey))
    seen = read_cutout(tmp_path / "16.png").pixels[..., 0].astype(int)
    assert np.abs(seen - rgb()[..., 2]).max() <= 1
    with pytest.raises(ImageError, match="transparency"):
        read_cutout(tmp_path / "12.png")


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("predictor", [1, 2])
def test_lzw_colours_of_16_bits_keep_all_of_them(tmp_path, bits, predictor):
    array = rgb(bits, kind=np.uint16)
    path = tmp_path / "a.tif"
    data = array if predictor == 1 else np.diff(array, axis=1, prepend=np.uint16(0))
    encoded = _lzw(data.astype("<u2").tobytes())
    _write_strip(path, encoded, predictor)
    assert colour_at_knot(path) == pytest.approx(BLUE, abs=2)


def _lzw(content):
    """Return an LZW strip of bytes that clears its table before codes need 10 bits."""
    bits = []
    for begin in range(0, len(content), 200):
        bits += [256, *content[begin : begin + 200]]
    text = "".join(f"{code:09b}" for code in [*bits, 257])
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _write_strip(path, encoded, predictor):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    values = {256: 64, 257: 64, 258: (16, 16, 16), 259: 5, 262: 2, 277: 3, 278: 64,
              279: len(encoded), 284: 1, 317: predictor}  # fmt: skip
    for tag, value in values.items():
        tags[tag] = value
    tags[273] = 0  # Pillow adds where the strips begin
    tags.tagtype.update(dict.fromkeys((273, 279), 4))
    path.write_bytes(b"II*\0\x08\0\0\0" + tags.tobytes(8) + encoded)


@pytest.mark.parametrize("name", ["a.npy", "layer"])
def test_a_last_axis_of_three_is_red_green_blue(tmp_path, name):
    from clump_detector.images.rgb import to_rgb

    array = np.stack(planes([0.1, 0.1, 1.0]), axis=-1)
    if name == "layer":
        seen = to_rgb(from_array(array))[40, 20].astype(float)
    else:
        np.save(tmp_path / name, array)
        seen = colour_at_knot(tmp_path / name)
    assert is_blue(seen)
