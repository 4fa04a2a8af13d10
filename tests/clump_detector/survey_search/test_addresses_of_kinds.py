"""The address of a cutout leads back to it, whatever kind of source it came from."""

from __future__ import annotations

import h5py
import pytest
from astropy.io import fits

from clump_detector.core.errors import ClumpError
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.addresses import files_of, item_for
from clump_detector.survey_search.sources.choice import SourceChoice, source_of
from tests.helpers.survey_cutouts import (
    DEC,
    RA,
    assert_same,
    fluxes,
    header,
    picture,
    read,
    write_cube,
    write_png,
    write_tar,
)


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    return folder


def bands(folder):
    folder.mkdir()
    for k, band in enumerate("gr"):
        own = header(bands=band)
        fits.PrimaryHDU(fluxes()[k], own).writeto(folder / f"c-{band}.fits")
    return folder


def sources(tmp_path, dataset):
    """Yield a source of each kind, files in the dataset's folder and elsewhere."""
    png = write_png(tmp_path / "a.png").read_bytes()
    for folder in (tmp_path, dataset):
        members = [("in/x.png", png), ("y.png", png)]
        yield source_of([str(write_tar(folder / "s.tar", members))], dataset)
        with h5py.File(folder / "s.h5", "w") as file:
            file["in/images"] = [picture(0), picture(1)]
        yield source_of([str(folder / "s.h5")], dataset)
    yield source_of([bands(tmp_path / "b").as_uri()], dataset)
    yield source_of([(tmp_path / "a.png").as_uri()], dataset)
    listed = tmp_path / "g.csv"
    listed.write_text(f"name,ra,dec\nx,{RA},{DEC}\n")
    mosaic = [str(write_cube(tmp_path / "m.fits"))]
    yield source_of(mosaic, dataset, SourceChoice(listed, 12.5))
    yield source_of([str(bands(tmp_path / "d"))], dataset, SourceChoice(listed, 12.5))


def test_an_address_leads_back_to_its_cutout(tmp_path, dataset):
    n = 0
    for source in sources(tmp_path, dataset):
        for item in source:
            again = item_for(item.address, dataset)
            assert again.address == item.address
            assert again.stamp() == item.stamp()
            one, other = (read(i, tmp_path / f"{n}-{i is item}") for i in (item, again))
            assert_same(other, one)
            kept = files_of(again, dataset)
            assert_same(read_cutout(kept), one)
            n += 1
    assert n == 12


def test_what_is_not_there_any_more_is_said(tmp_path, dataset):
    png = write_png(tmp_path / "a.png").read_bytes()
    shard = write_tar(tmp_path / "s.tar", [("x.png", png)])
    assert item_for(f"{shard}::x", dataset).name == "x"
    write_tar(shard, [("other.png", png)])
    with pytest.raises(ClumpError, match="no cutout at"):
        item_for(f"{shard}::x", dataset)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["images"] = [picture()]
    with pytest.raises(ClumpError, match="any more"):
        item_for(f"{tmp_path}/s.h5::images[1]", dataset)
    with pytest.raises(ClumpError, match="no such file"):
        item_for(f"{tmp_path}/gone.tar::x", dataset)
