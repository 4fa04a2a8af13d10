"""Labels on one's own cutouts: by name, by id, by their place on the sky."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from clump_detector.image_files.sources import Source
from clump_detector.labels.external import ForeignBox, ForeignLabels
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.placement.place import place_labels
from tests.helpers.resources import work

SIZE = (120, 100)
BIG = 8647474690313946727


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def png(folder, name, size=SIZE):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(name)).integers(0, 255, (size[1], size[0], 3))
    Image.fromarray(noise.astype(np.uint8)).save(path)
    return Source(path.stem, (path,))


def a_wcs(turn=0.0, step=(-0.4, 0.4), at=(150.0, 2.0), frame="ICRS", size=SIZE):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = at
    wcs.wcs.crpix = [size[0] / 2 + 3.3, size[1] / 2 - 2.1]
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    wcs.wcs.cd = np.array([[cos, -sin], [sin, cos]]) @ np.diag(step) / 3600
    wcs.wcs.radesys = frame
    if frame == "FK5":
        wcs.wcs.equinox = 2000.0
    return wcs


def starry(folder, name, wcs, sky=(), size=SIZE, **keys):
    """Write a FITS file with a star of FWHM 3 px at each place on the sky."""
    y, x = np.mgrid[: size[1], : size[0]]
    picture = np.random.default_rng(1).normal(0, 1e-4, (size[1], size[0]))
    for ra, dec in sky:
        cx, cy = wcs.all_world2pix([[ra, dec]], 0)[0]
        picture += np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (3 / 2.3548) ** 2))
    header = wcs.to_header()
    header.update(keys)
    path = folder / f"{name}.fits"
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.writeto(path, picture.astype("f4"), header)
    return Source(name, (path,))


def run(labels, sources, sizes=None, **options):
    """Place labels; return the result, after looking that nothing is lost silently."""
    rows = [
        (i, source, None if sizes is None else sizes[i])
        for i, source in enumerate(sources)
    ]
    work = place_labels(labels, rows, **options)
    while True:
        try:
            next(work)
        except StopIteration as end:
            placed = end.value
            break
    assert placed.total + placed.losses.total == len(labels.boxes)
    return placed


def of(*boxes, fits=None):
    return ForeignLabels("table", "test", Path("t.csv"), boxes, fits)


def one(box, sources, **options):
    placed = run(of(box), sources, **options)
    found = [(key, p.corners) for key, on_it in placed.boxes.items() for p in on_it]
    return found[0] if found else placed.losses.counts


BOX = (10.0, 20.0, 22.0, 30.0)


# -- by name -----------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    ["b.png", "b", "B.PNG", "/far/away/b.png", "..\\up\\b.png", "b.jpg", "x/b.fits.gz"],
)
def test_a_name_finds_its_cutout(tmp_path, named):
    sources = [png(tmp_path, "a.png"), png(tmp_path, "b.png")]
    assert one(ForeignBox(named, corners=BOX), sources) == (1, BOX)


def test_nothing_is_opened_that_a_file_names(tmp_path):
    secret = png(tmp_path / "up", "secret.png")
    sources = [png(tmp_path / "down", "a.png")]
    box = ForeignBox(str(secret.path), corners=BOX)
    assert one(box, sources) == {"no cutout here shows it": 1}


def test_folders_tell_cutouts_of_one_name_apart(tmp_path):
    sources = [png(tmp_path / "train", "a.png"), png(tmp_path / "val", "a.png")]
    assert one(ForeignBox("set/val/a.png", corners=BOX), sources) == (1, BOX)
    assert one(ForeignBox("a.png", corners=BOX), sources) == {
        "several cutouts have the name of its image": 1
    }


@pytest.mark.parametrize("name", [f"objID0{BIG}.png", f"{BIG}.png"])
def test_an_id_in_a_name_finds_its_cutout(tmp_path, name):
    sources = [png(tmp_path, "a.png"), png(tmp_path, name)]
    assert one(ForeignBox(corners=BOX, ids={"objid": BIG}), sources) == (1, BOX)
    near = ForeignBox(corners=BOX, ids={"objid": BIG + 1})  # the same float
    assert one(near, sources) == {"no cutout here shows it": 1}
    assert one(ForeignBox(corners=BOX, ids={"n": 12}), [png(tmp_path, "12.png")]) == {
        "no cutout here shows it": 1
    }


def test_an_id_in_the_galaxies_table_finds_its_cutout(tmp_path):
    sources = [png(tmp_path, "a.png"), png(tmp_path, "b.png")]
    put(tmp_path, "galaxies.csv", f"file,objid,id\na.png,{BIG + 1},1\nb.png,{BIG},2\n")
    assert one(ForeignBox(corners=BOX, ids={"dr8objid": BIG}), sources) == (1, BOX)
    assert one(ForeignBox(corners=BOX, ids={"id": 2}), sources) == {
        "no cutout here shows it": 1
    }


def test_the_image_is_not_read_where_its_size_is_known(tmp_path):
    gone = Source("a", (tmp_path / "a.png",))
    assert one(ForeignBox("a", corners=BOX), [gone], sizes=[SIZE]) == (0, BOX)
    assert one(ForeignBox("a", corners=BOX), [gone]) == {"its image cannot be read": 1}


# -- on the pixels -----------------------------------------------------------


def test_shares_become_pixels(tmp_path):
    box = ForeignBox("a", shares=(0.0, 0.0, 0.5, 1.0))
    assert one(box, [png(tmp_path, "a.png")]) == (0, (-0.5, -0.5, 59.5, 99.5))


def test_what_is_cut_or_outside_is_counted(tmp_path):
    boxes = [
        ForeignBox("a", corners=(-10, 5, 20, 15)),
        ForeignBox("a", corners=(-30, 5, -10, 15)),
        ForeignBox("a", corners=(119, 5, 140, 15)),
        ForeignBox("a", corners=BOX),
        ForeignBox("a", corners=BOX),
        ForeignBox("c", corners=BOX),
    ]
    placed = run(of(*boxes), [png(tmp_path, "a.png")])
    assert [p.corners for p in placed.boxes[0]] == [(-0.5, 5, 20, 15), BOX]
    assert placed.clipped == 1
    assert placed.losses.counts == {
        "it is outside the image": 1,
        "too little of it is inside the image": 1,
        "it is in the file twice": 1,
        "no cutout here shows it": 1,
    }
    assert "1 of them were clipped at the image's edge." in placed.in_words()


def test_clump_scout_on_the_whole_picture_and_on_its_middle(tmp_path):
    sources = [
        png(tmp_path, "366658689799.png", (400, 400)),
        png(tmp_path, "325803584733.png", (200, 200)),
        png(tmp_path, "100630278205.png", (424, 424)),
    ]
    rows = "\n".join(
        f"{source.name},{x},{x + 10},30,45" for source in sources for x in (-5, 20, 240)
    )
    labels = read_labels(put(tmp_path, "b.csv", f"local_ids,x1,x2,y1,y2\n{rows}\n"))
    placed = run(labels, sources)
    corners = {key: [p.corners for p in on] for key, on in placed.boxes.items()}
    assert corners[0] == [
        (94.5, 129.5, 104.5, 144.5), (119.5, 129.5, 129.5, 144.5),
        (339.5, 129.5, 349.5, 144.5),
    ]  # fmt: skip
    assert corners[1] == [(-0.5, 29.5, 4.5, 44.5), (19.5, 29.5, 29.5, 44.5)]
    assert placed.clipped == 1
    assert placed.losses.counts == {
        "it is outside the image": 1,
        "its cutout has another size than the image it was drawn on": 3,
    }


def test_an_image_of_another_size(tmp_path):
    box = ForeignBox("a", corners=BOX, size=(60, 50))
    assert list(one(box, [png(tmp_path, "a.png")])) == [
        "its cutout has another size than the image it was drawn on"
    ]


# -- on the sky --------------------------------------------------------------

PLACES = [(150.002, 2.003), (149.996, 1.998)]


@pytest.mark.parametrize("turn", [0, 37, 180])
@pytest.mark.parametrize("step", [(-0.4, 0.4), (0.4, 0.4), (-0.3, 0.5)])
@pytest.mark.parametrize("frame", ["ICRS", "FK5"])
def test_a_position_lands_on_its_star(tmp_path, turn, step, frame):
    wcs = a_wcs(turn, step, frame=frame)
    source = starry(tmp_path, "field", wcs, PLACES, PSFFWHM=1.2)
    rows = "\n".join(f"{ra},{dec}" for ra, dec in PLACES)
    labels = read_labels(put(tmp_path, "t.csv", f"ra,dec\n{rows}\n"))
    placed = run(labels, [source])
    picture = fits.getdata(source.path)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    scale = np.sqrt(abs(step[0] * step[1]))
    for p, (ra, dec) in zip(placed.boxes[0], PLACES, strict=True):
        x1, y1, x2, y2 = p.corners
        middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        # To a thousandth of a pixel what astropy says ...
        assert middle == pytest.approx(wcs.all_world2pix([[ra, dec]], 0)[0], abs=1e-3)
        # ... and where the star is in the array.
        near = np.hypot(x - middle[0], y - middle[1]) < 7
        weight = np.where(near, picture, 0)
        star = [(weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()]
        assert middle == pytest.approx(star, abs=0.02)
        assert x2 - x1 == pytest.approx(2.5 * 1.2 / scale, rel=1e-3)  # 2.5 FWHM


def test_the_side_of_a_box_without_one(tmp_path):
    plain = starry(tmp_path, "plain", a_wcs(), PLACES)
    labels = read_labels(put(tmp_path, "t.csv", f"ra,dec\n{PLACES[0][0]},2.003\n"))
    placed = run(labels, [plain])
    (why,) = placed.losses.counts
    assert "give the side length in arcsec" in why
    placed = run(labels, [plain], side=4.0)
    x1, _, x2, _ = placed.boxes[0][0].corners
    assert x2 - x1 == pytest.approx(10, rel=1e-4)
    table = f"CRAdeg,CDEdeg,rFWHM\n{PLACES[0][0]},2.003,1.6\n"
    adams = read_labels(put(tmp_path, "adams.csv", table))
    x1, _, x2, _ = run(adams, [plain]).boxes[0][0].corners
    assert x2 - x1 == pytest.approx(10, rel=1e-4)


@pytest.mark.parametrize("frame", ["ICRS", "FK5"])
@pytest.mark.parametrize("turn", [0, 30])
def test_ds9_on_the_sky_lies_on_the_same_pixels(tmp_path, frame, turn):
    from regions import CirclePixelRegion, PixCoord, PolygonPixelRegion, Regions

    wcs = a_wcs(turn, frame=frame)
    source = starry(tmp_path, "field", wcs)
    circle = CirclePixelRegion(PixCoord(40, 60), 7)
    triangle = PolygonPixelRegion(PixCoord([10, 30, 20], [10, 10, 35]))
    sky = Regions([circle.to_sky(wcs), triangle.to_sky(wcs)])
    sky.write(tmp_path / "a.reg", format="ds9", precision=10)
    placed = run(read_labels(tmp_path / "a.reg"), [source])
    first, second = (p.corners for p in placed.boxes[0])
    assert first == pytest.approx((33, 53, 47, 67), abs=1e-3)
    assert second == pytest.approx((10, 10, 30, 35), abs=1e-3)


def test_ds9_points_in_icrs_on_an_image_in_fk5(tmp_path):
    from astropy.coordinates import SkyCoord

    wcs = a_wcs(frame="FK5")
    source = starry(tmp_path, "field", wcs, PSFFWHM=1.2)
    place = SkyCoord(*PLACES[0], unit="deg", frame="icrs")
    text = f"icrs\npoint({PLACES[0][0]},{PLACES[0][1]})\n"
    placed = run(read_labels(put(tmp_path, "p.reg", text)), [source])
    x1, y1, x2, y2 = placed.boxes[0][0].corners
    expected = place.to_pixel(wcs)  # 0.02 arcsec from the same numbers in FK5
    middle = (x1 + x2) / 2, (y1 + y2) / 2
    assert middle == pytest.approx(tuple(map(float, expected)), abs=1e-3)


def test_a_clump_that_several_cutouts_show_goes_with_its_galaxy(tmp_path):
    left = starry(tmp_path, "left", a_wcs(at=(150.004, 2.0)), PSFFWHM=1.2)
    right = starry(tmp_path, "right", a_wcs(at=(149.998, 2.0)), PSFFWHM=1.2)
    ra = 150.0  # nearer to the right one
    plain = read_labels(put(tmp_path, "a.csv", f"ra,dec\n{ra},2.0\n"))
    assert set(run(plain, [left, right]).boxes) == {1}
    text = f"ra,dec,galaxy_ra,galaxy_dec\n{ra},2.0,150.004,2.0\n"
    hosted = read_labels(put(tmp_path, "b.csv", text))
    assert set(run(hosted, [left, right]).boxes) == {0}


def test_popp_in_pixels_where_they_fit_and_else_on_the_sky(tmp_path):
    columns = (
        "dr7objid,clump_label_name,clump_px_x1,clump_px_y1,clump_px_x2,clump_px_y2,"
        "clump_centre_ra,clump_centre_dec"
    )
    wcs = a_wcs(size=(400, 400))
    ra, dec = wcs.all_pix2world([[150.0, 200.0]], 0)[0]
    row = f"587722982829850805,clump,145.5,193.5,155.5,207.5,{ra},{dec}"
    labels = read_labels(put(tmp_path, "p.csv", f"{columns}\n{row}\n"))
    own = png(tmp_path / "own", "587722982829850805.png", (400, 400))
    assert run(labels, [own]).boxes[0][0].corners == (145, 193, 155, 207)
    # The same picture with a WCS: the pixels say the size, too.
    same = starry(tmp_path / "a", "f", wcs, size=(400, 400), PSFFWHM=1.2)
    assert run(labels, [same]).boxes[0][0].corners == (145, 193, 155, 207)
    # Another cutout of the place: only the sky counts.
    other = starry(tmp_path / "b", "f", a_wcs(size=(400, 400), step=(-0.2, 0.2)),
                   size=(400, 400), PSFFWHM=1.2)  # fmt: skip
    x1, y1, x2, y2 = run(labels, [other]).boxes[0][0].corners
    other_wcs = a_wcs(size=(400, 400), step=(-0.2, 0.2))
    middle = other_wcs.all_world2pix([[ra, dec]], 0)[0]
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx(tuple(middle), abs=1e-3)
    small = png(tmp_path / "c", "587722982829850805.png", (300, 300))
    (why,) = run(labels, [small]).losses.counts
    assert "another size" in why or "no sky coordinates" in why


def test_a_cutout_that_cannot_be_read_stops_nobody(tmp_path):
    bad = Source("bad", (put(tmp_path, "bad.fits", "no FITS"),))
    good = starry(tmp_path, "good", a_wcs(), PSFFWHM=1.2)
    labels = read_labels(put(tmp_path, "t.csv", "ra,dec\n150.0,2.0\n"))
    placed = run(labels, [bad, good])
    assert set(placed.boxes) == {1}
    assert "bad.fits" in placed.problems[0]


def test_a_great_many_labels_take_little_time(tmp_path):
    rng = np.random.default_rng(0)
    rows = np.column_stack(
        [rng.uniform(0, 360, 100_000), rng.uniform(-60, 60, 100_000)]
    )
    boxes = [ForeignBox(sky=_place(ra, dec)) for ra, dec in rows]
    boxes += [ForeignBox(sky=_place(150.0, 2.0))]
    sources = [starry(tmp_path, f"f{i}", a_wcs(), PSFFWHM=1.2) for i in range(3)]
    with work() as done:
        placed = run(of(*boxes), sources)
    assert placed.total == 1
    assert done.seconds < 10


def _place(ra, dec):
    from clump_detector.labels.external import SkyPosition

    return SkyPosition(float(ra), float(dec))
