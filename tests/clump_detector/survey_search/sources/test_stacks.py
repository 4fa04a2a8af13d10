"""Arrays of cutouts in HDF5 and Zarr."""

from __future__ import annotations

import pickle
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
import zarr
from astropy.io import fits

from clump_detector.core.errors import ConfigError, FileError
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.sources import stack_files
from clump_detector.survey_search.sources.stack_files import is_zarr
from clump_detector.survey_search.sources.stacks import Stacks
from tests.helpers.survey_cutouts import (
    BANDS,
    DEC,
    FWHM,
    RA,
    SCALE,
    assert_same,
    fluxes,
    header,
    picture,
    read,
)

KINDS = ["h5", "zarr2", "zarr3", "zip"]


@contextmanager
def stack(tmp_path, kind):
    """Give a path, and functions that add an array and attributes to it."""
    path = tmp_path / {"h5": "s.h5", "zip": "s.zarr.zip"}.get(kind, "s.zarr")
    if kind == "h5":
        with h5py.File(path, "w") as file:
            yield path, lambda name, array: file.create_dataset(name, data=array), file
        return
    store = zarr.storage.ZipStore(path, mode="w") if kind == "zip" else path
    root = zarr.open_group(store, mode="w", zarr_format=2 if kind == "zarr2" else 3)
    yield (
        path,
        lambda name, array: root.create_array(
            name, data=np.asarray(array), chunks=(1, *np.shape(array)[1:])
        ),
        root,
    )
    if kind == "zip":
        store.close()


def write(tmp_path, kind="h5", arrays=None, attributes=None, of_array=None):
    with stack(tmp_path, kind) as (path, add, root):
        for name, array in (arrays or {}).items():
            made = add(name, array)
            if name.endswith("images"):
                made.attrs.update(of_array or {})
        root.attrs.update(attributes or {})
    return path


def cubes(n=3):
    return np.stack([fluxes(k) for k in range(n)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_gives_what_a_file_with_its_header_gives(tmp_path, kind):
    sky = {"ra": [RA, RA + 1, RA], "dec": [DEC, DEC, DEC + 1]}
    path = write(
        tmp_path,
        kind,
        {"images": cubes(), **{k: np.array(v) for k, v in sky.items()}},
        {"pixel_scale": SCALE, "psf_fwhm": FWHM},
        {"bands": BANDS, "unit": "nanomaggy"},
    )
    found = Stacks(path)
    items = pickle.loads(pickle.dumps(list(found)))
    assert found.total == 3
    assert [i.address for i in items] == [f"{path}::images[{k}]" for k in range(3)]
    for k, item in enumerate(items):
        file = tmp_path / f"{k}.fits"
        own = header(sky["ra"][k], sky["dec"][k])
        fits.PrimaryHDU(fluxes(k), own).writeto(file)
        assert_same(read(item, tmp_path / f"s{k}"), read_cutout(file))
        assert item.stamp() == item.stamp() != ""


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_the_same_pictures(tmp_path, kind):
    pictures = np.stack([picture(k) for k in range(2)])
    scales = np.array([0.3, np.nan])
    arrays = {"images": pictures, "pixel_scale": scales, "id": np.array([17, 18])}
    first, second = Stacks(write(tmp_path, kind, arrays))
    assert (first.name, second.name) == ("17", "18")
    cutout = read(first, tmp_path / "1")
    assert cutout.is_picture
    np.testing.assert_array_equal(cutout.pixels, pictures[0])
    assert cutout.scale == pytest.approx(0.3)
    assert read(second, tmp_path / "2").scale is None


@pytest.mark.parametrize(("axes", "kind"), [
    ((0, 1, 2, 3), "f4"), ((0, 2, 3, 1), "f4"), ((0, 1, 2, 3), "f8"),
    ((0, 1, 2, 3), ">f4"), ((0, 1, 2, 3), "i2"),
])  # fmt: skip
def test_axes_and_types_of_fluxes(tmp_path, axes, kind):
    values = (cubes(2) * (1000 if kind == "i2" else 1)).astype(kind)
    path = write(tmp_path, "h5", {"images": values.transpose(axes)})
    for k, item in enumerate(Stacks(path)):
        pixels = read(item, tmp_path / f"{k}").pixels
        np.testing.assert_allclose(pixels, values[k], rtol=1e-6)


def test_one_band_and_pictures_with_the_colours_first(tmp_path):
    (item, _) = Stacks(write(tmp_path, "h5", {"images": cubes(2)[:, 0]}))
    np.testing.assert_array_equal(
        read(item, tmp_path / "1").pixels, fluxes()[:1].astype(np.float32)
    )
    (tmp_path / "b").mkdir()
    pictures = np.moveaxis(picture()[None], -1, 1)
    (item,) = Stacks(write(tmp_path / "b", "h5", {"images": pictures}))
    np.testing.assert_array_equal(read(item, tmp_path / "2").pixels, picture())


@pytest.mark.parametrize(("bands", "wanted"), [
    (["g", "r", "z"], ("g", "r", "z")),
    ("F435W,F606W,F814W", ("F435W", "F606W", "F814W")),
    ([b"g", b"r", b"z"], ("g", "r", "z")), ("gr", ()), ("", ()),
])  # fmt: skip
def test_names_of_bands(tmp_path, bands, wanted):
    path = write(tmp_path, "h5", {"images": cubes(1)}, {}, {"bands": bands})
    found = Stacks(path)
    (item,) = found
    assert read(item, tmp_path / "1").bands == wanted
    assert bool(found.notes) == (bands == "gr")


def test_an_array_in_a_group_takes_what_lies_beside_it(tmp_path):
    arrays = {
        "a/images": cubes(2), "b/images": cubes(2), "b/name": [b"x", b"\xc3\xbc"],
        "b/redshift": [0.1, 0.2], "name": [b"no", b"no"],
    }  # fmt: skip
    path = write(tmp_path, "h5", arrays)
    with pytest.raises(FileError, match=r"ambiguous.*s\.h5::images.*a/images \(2, 3"):
        Stacks(path)
    items = list(Stacks(path, "/b/images"))
    assert [i.name for i in items] == ["x", "ü"]
    assert read(items[1], tmp_path / "1").galaxy.redshift == 0.2
    with pytest.raises(FileError, match="no array 'c'"):
        Stacks(path, "c")


@pytest.mark.parametrize("array", [
    np.zeros((2, 30, 40, 50)), np.zeros((2, 3, 3, 3)), np.zeros((0, 3, 60, 60)),
    np.zeros((2, 3, 60, 60), complex), np.zeros((4, 4)), np.zeros(3),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["h5", "zarr3"])
def test_arrays_of_another_shape_are_refused_with_their_shape(tmp_path, array, kind):
    if 0 in array.shape and kind != "h5":
        pytest.skip("zarr has no chunks for it")
    with pytest.raises(FileError, match=r"no stack|no array is a stack") as error:
        Stacks(write(tmp_path, kind, {"images": array}))
    assert str(array.shape) in error.value.message


def test_damaged_and_missing_files_are_refused(tmp_path):
    path = write(tmp_path, "h5", {"images": cubes(2)})
    (item, _) = Stacks(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    for broken in (lambda: Stacks(path), lambda: read(item, tmp_path / "1")):
        with pytest.raises(FileError, match=r"s\.h5: this is damaged"):
            broken()
    path.unlink()
    for broken in (lambda: Stacks(path), item.stamp):
        with pytest.raises(FileError, match="no such file"):
            broken()
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(FileError, match="damaged, or no HDF5 file or Zarr"):
        Stacks(tmp_path / "x.zarr")


def test_a_chunk_that_is_written_again_changes_the_stamp_of_its_rows_only(tmp_path):
    path = write(tmp_path, "zarr3", {"images": cubes(2)})
    first, second = Stacks(path)
    before = first.stamp(), second.stamp()
    zarr.open(path, mode="r+")["images"][1] = 2 * fluxes(1)
    assert first.stamp() == before[0]
    assert second.stamp() != before[1]


def test_folders_of_zarr_are_told_from_folders_of_images(tmp_path):
    zarr.create_array(tmp_path / "a", data=cubes(1), chunks=(1, 3, 64, 72))
    (tmp_path / "b").mkdir()
    assert is_zarr(tmp_path / "a")
    assert not is_zarr(tmp_path / "b")
    (item,) = Stacks(tmp_path / "a")
    np.testing.assert_array_equal(read(item, tmp_path / "1").pixels, fluxes())


def test_without_the_library_it_is_said_what_to_install(tmp_path, monkeypatch):
    path = write(tmp_path, "h5", {"images": cubes(1)})

    def missing(_):
        raise ImportError("no", name="h5py")
        yield

    monkeypatch.setattr(stack_files, "_hdf5", missing)
    with pytest.raises(ConfigError, match=r"h5py.*napari-clumps\[survey\]"):
        Stacks(path)
