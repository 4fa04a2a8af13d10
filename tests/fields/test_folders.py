"""Folders as surveys and people fill them: what is a cutout and what goes with one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clump_detector.core.errors import ImageError
from clump_detector.image_files.sources import search
from clump_detector.images.inspect import main
from tests.fields.understood import understood


def filled(folder: Path, names: str) -> Path:
    for name in names.split():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def cutouts(folder: Path) -> set[str]:
    found = search([folder])
    return {path.name for source in found.sources for path in source.files}


SURVEYS = {
    "Legacy Surveys": (
        "b/ls-1501p022-image-g.fits.fz b/ls-1501p022-image-r.fits.fz",
        "b/ls-1501p022-invvar-g.fits.fz b/ls-1501p022-model-r.fits.fz "
        "b/ls-1501p022-chi2-r.fits.fz b/ls-1501p022-maskbits.fits.fz "
        "b/ls-1501p022-nexp-g.fits.fz b/ls-1501p022-psfsize-g.fits.fz "
        "b/ls-1501p022-galdepth-r.fits.fz b/ls-1501p022-image.jpg "
        "b/ls-1501p022-model.jpg b/ls-1501p022-resid.jpg",
    ),
    "Pan-STARRS": (
        "rings.v3.skycell.1784.059.stk.g.unconv.fits",
        "rings.v3.skycell.1784.059.stk.g.unconv.wt.fits "
        "rings.v3.skycell.1784.059.stk.g.unconv.mask.fits "
        "rings.v3.skycell.1784.059.stk.g.unconv.exp.fits "
        "rings.v3.skycell.1784.059.stk.g.unconv.num.fits",
    ),
    "HST": (
        "gal_f814w_drz_sci.fits ngc2_f606w_drz.fits",
        "gal_f814w_drz_wht.fits gal_f814w_drz_ctx.fits ngc2_f606w_wht.fits "
        "ngc2_f606w_rms.fits ngc2_f606w_seg.fits ngc2_f606w_exp.fits",
    ),
    "JWST": (
        "gn-grizli-v7-f444w_drc_sci.fits gn-grizli-v7-psf-matched-f200w_sci.fits",
        "gn-grizli-v7-f444w_drc_wht.fits gn-grizli-v7-f444w_drc_var.fits "
        "gn-grizli-v7-f444w_drc_exp.fits gn-grizli-v7_segm.fits",
    ),
    "SDSS": (
        "frame-g-002830-6-0398.fits.bz2 frame-r-002830-6-0398.fits.bz2",
        "fpM-002830-g6-0398.fit psField-002830-6-0398.fit "
        "frame-irg-002830-6-0398.jpg",
    ),
    "DES and KiDS": (
        "DES0001-3832_g.fits KiDS_DR4.0_180.0_-0.5_r_sci.fits",
        "DES0001-3832_g_msk.fits KiDS_DR4.0_180.0_-0.5_r_wei.fits "
        "KiDS_DR4.0_180.0_-0.5_r_msk.fits",
    ),
    "HSC": (
        "cutout-HSC-I-9813-pdr2_wide-image.fits calexp-HSC-I-9813-4.fits",
        "cutout-HSC-I-9813-pdr2_wide-variance.fits "
        "cutout-HSC-I-9813-pdr2_wide-mask.fits psf-calexp-HSC-I-9813-4.fits",
    ),
    "WISE and GALEX": (
        "wise-w1-int-3.fits unwise-1-w1-img-m.fits AIS_1-nd-int.fits",
        "wise-w1-unc-3.fits wise-w1-cov-3.fits unwise-1-w1-invvar-m.fits "
        "unwise-1-w1-std-m.fits unwise-1-w1-n-m.fits AIS_1-nd-rrhr.fits "
        "AIS_1-nd-skybg.fits AIS_1-nd-flags.fits",
    ),
    "Euclid": (
        "EUC_MER_BGSUB-MOSAIC-VIS_TILE1-2024.fits",
        "EUC_MER_MOSAIC-VIS-RMS_TILE1-2025.fits EUC_MER_MOSAIC-VIS-FLAG_TILE1-26.fits "
        "EUC_MER_BGMOD-VIS_TILE1-2.fits",
    ),
    "SWarp, SExtractor and GALFIT": (
        "coadd.fits ngc1.fits",
        "coadd.weight.fits ngc1_psf.fits ngc1_sigma.fits ngc1_mask.fits "
        "ngc1_model.fits ngc1_segmentation.fits ngc1-background.fits",
    ),
}  # fmt: skip


@understood(
    "Folders", "Weights, variances, masks, PSFs, coverage, segments, models",
    "ignored",
    "No cutouts, by their names as surveys and programs write them; how many of each "
    "are left out is said when the folder is opened. A file that is named itself is "
    "opened all the same.",
)  # fmt: skip
@pytest.mark.parametrize("survey", SURVEYS)
def test_what_goes_with_an_image_is_no_cutout(tmp_path, survey):
    images, others = SURVEYS[survey]
    folder = filled(tmp_path, f"{images} {others}")
    assert cutouts(folder) == {Path(name).name for name in images.split()}
    found = search([folder])
    assert {one.path.name for one in found.left_out} == {
        Path(name).name for name in others.split()
    }
    assert f"{len(others.split())} files are not cutouts: " in found.note
    alone = search([found.left_out[0].path])
    assert len(alone.sources) == 1


@understood(
    "Folders", "Words such as model or mask in the name of a galaxy", "read",
    "They count only beside the image that such a file goes with, by its name.",
)  # fmt: skip
@pytest.mark.parametrize(
    "names",
    [
        "model.fits sky-1.fits",
        "exp_1.fits exp_2.fits exp_3.fits",
        "flag_a.png check_b.png",
        "sigma-2698.fits con-5.fits",
        "a_sky-subtracted.fits b_psf-matched.fits a.fits b.fits",
        "n.png ngc-n.png",
        "ngc1.png ngc2.jpg ngc1.tif",
    ],
)
def test_galaxies_keep_their_names(tmp_path, names):
    assert cutouts(filled(tmp_path, names)) == set(names.split())


@understood(
    "Folders", "A picture of the name of a FITS file beside it", "ignored",
    "It is the preview of that galaxy, which is measured in the FITS file.",
)  # fmt: skip
def test_previews_are_no_cutouts_of_their_own(tmp_path):
    names = (
        "a-g.fits a-r.fits b.fits.gz a.png b_thumb.jpg B.JPG c.png c_preview.png d.png"
    )
    kept = {"a-g.fits", "a-r.fits", "b.fits.gz", "c.png", "d.png"}
    assert cutouts(filled(tmp_path, names)) == kept
    assert "4 previews (B.JPG, a.png, ...)" in search([tmp_path]).note


@understood(
    "Folders", "Hidden files, __MACOSX, .ipynb_checkpoints, thumbnails of a server",
    "ignored", "They are of the system or a program.",
)  # fmt: skip
@understood(
    "Folders", "Empty files, pipes", "ignored",
    "Left out; the sentence on what was left out says it.",
)  # fmt: skip
def test_what_systems_put_there_is_left_out(tmp_path):
    folder = filled(
        tmp_path,
        "a.png ._a.png .hidden/b.png __MACOSX/a.png .ipynb_checkpoints/a.png "
        "@eaDir/a.png",
    )
    (folder / "empty.fits").touch()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.fits")
    assert cutouts(folder) == {"a.png"}
    assert "1 empty files (empty.fits)" in search([folder]).note


@understood(
    "Folders", "Nothing but weights or empty files", "refused",
    "There is no image in it, and what was left out is said.",
)  # fmt: skip
def test_a_folder_of_companions_holds_no_image(tmp_path):
    with pytest.raises(ImageError, match="no image in this folder") as caught:
        search([filled(tmp_path, "a_wht.fits")])
    assert "1 file is not a cutout: 1 weights (a_wht.fits)" in caught.value.message


def test_what_was_left_out_is_said_on_the_command_line(tmp_path, capsys, monkeypatch):
    filled(tmp_path, "a.fits a_wht.fits")
    (tmp_path / "galaxies.csv").write_text("file,redshift\nb.fits,0.1\n")
    monkeypatch.setattr("sys.argv", ["recognise", str(tmp_path)])
    main()
    out = capsys.readouterr().out
    assert "1 file is not a cutout" in out
    assert "1 row matches no cutout here" in out
