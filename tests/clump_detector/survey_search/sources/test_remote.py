"""Addresses, from a server on loopback, in memory, in ZIP files and on the disk."""

from __future__ import annotations

import pickle
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest
from astropy.io import fits

from clump_detector.core.errors import ClumpError, ConfigError, FileError
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.sources.remote import Remote, RemoteItem, is_address
from tests.helpers.survey_cutouts import (
    assert_same,
    fluxes,
    header,
    read,
    write_cube,
    write_png,
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "there"
    (folder / "in").mkdir(parents=True)
    write_cube(folder / "a.fits")
    write_png(folder / "in" / "b.png")
    for k, band in enumerate("gr"):
        plane = fits.PrimaryHDU(fluxes()[k], header(bands=band))
        plane.writeto(folder / "in" / f"c-{band}.fits")
    (folder / "in" / "c-g.weight.fits").write_bytes(b"x")
    (folder / "notes.txt").touch()
    (folder / "empty.png").touch()
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.path = "/a.fits" if self.path.startswith("/service?") else self.path
        super().do_GET()

    def do_HEAD(self):
        self.path = "/a.fits" if self.path.startswith("/service?") else self.path
        super().do_HEAD()


@pytest.fixture
def web(folder, monkeypatch):
    """The address of a server of the folder."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def memory(folder):
    fs = fsspec.filesystem("memory")
    for path in folder.rglob("*"):
        if path.is_file():
            fs.pipe(f"/there/{path.relative_to(folder)}", path.read_bytes())
    yield "memory://there"
    fs.rm("/there", recursive=True)


@pytest.fixture
def packed(folder):
    path = folder.parent / "there.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*"):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


@pytest.fixture
def root(request, folder):
    """The address of a folder, of each kind."""
    kind = request.param
    if kind == "file":
        return folder.as_uri()
    if kind == "zip":
        return f"zip::{request.getfixturevalue('packed')}"
    return request.getfixturevalue(kind)


ALL = pytest.mark.parametrize("root", ["file", "zip", "memory"], indirect=True)


@ALL
def test_a_folder_gives_its_cutouts_as_on_the_disk(root, folder, tmp_path):
    found = Remote(root)
    items = list(found)
    assert found.total == 3
    assert [item.name for item in items] == ["a", "b", "c"]
    assert [item.bands for item in items] == [(), (), ("g", "r")]
    assert "weights" in found.notes[0]
    wanted = (folder / "a.fits", folder / "in" / "b.png")
    for item, path in zip(items, wanted, strict=False):
        assert_same(read(item, tmp_path / item.name), read_cutout(path))
    assert read(items[2], tmp_path / "c").bands == ("g", "r")
    assert [i.address for i in Remote(root)] == [i.address for i in items]


@ALL
def test_a_worker_asks_for_the_stamp_anew_and_gets_that_of_the_listing(root):
    for item in Remote(root):
        there = pickle.loads(pickle.dumps(item))
        assert item.listed
        assert there.listed == ""
        assert there.stamp() == item.stamp() == item.listed
        (alone,) = Remote(item.address)
        if len(item.urls) == 1:
            assert alone.address == item.address


def test_patterns_choose(memory, packed):
    assert [i.name for i in Remote(f"{memory}/*.fits")] == ["a"]
    assert [i.name for i in Remote(f"{memory}/**/*.png")] == ["b"]
    assert [i.name for i in Remote(f"zip://in/*.png::{packed}")] == ["b"]
    for nothing in (f"{memory}/*.tif", "memory://nothing/at/all"):
        with pytest.raises(FileError, match="no image at"):
            Remote(nothing)


def test_a_file_on_the_web_is_the_same_file(web, folder, tmp_path):
    (item,) = Remote(f"{web}/a.fits")
    assert item.name == "a"
    assert_same(read(item, tmp_path / "1"), read_cutout(folder / "a.fits"))
    before = item.stamp()
    assert before == item.stamp()
    (folder / "a.fits").unlink()
    write_cube(folder / "a.fits", seed=1)
    with (folder / "a.fits").open("ab") as file:
        file.write(bytes(2880))
    assert item.stamp() != before


def test_a_question_gets_its_suffix_from_the_bytes(web, folder, tmp_path):
    item = RemoteItem((f"{web}/service?ra=1&dec=2",))
    assert item.name == "service?ra=1&dec=2"
    (path,) = item.source(tmp_path).files
    assert path.suffix == ".fits"
    assert path.parent == tmp_path / "cutout"
    assert path.read_bytes() == (folder / "a.fits").read_bytes()


def test_a_pattern_on_the_web_goes_through_the_server_s_list(web, tmp_path):
    found = Remote(f"{web}/in/*.png")
    (item,) = found
    assert item.address == f"{web}/in/b.png"
    assert read(item, tmp_path / "1").is_picture


def test_what_cannot_be_reached_is_said_in_one_sentence(web, tmp_path):
    for url in (
        f"{web}/gone.fits", "http://127.0.0.1:9/a.fits", "memory://gone.png",
        "zip://gone.png::/no/such.zip", f"file://{tmp_path}/gone.png",
    ):  # fmt: skip
        (item,) = Remote(url)
        for ask in (item.stamp, lambda item=item: item.source(tmp_path / "s")):
            (tmp_path / "s").mkdir(exist_ok=True)
            with pytest.raises(ClumpError, match="cannot be reached") as error:
                ask()
            assert "\n" not in error.value.message
            assert url in error.value.message
            for path in (tmp_path / "s").iterdir():
                path.rmdir()


def test_protocols_without_their_package_and_unknown_ones_are_refused():
    with pytest.raises(ConfigError, match="pip install s3fs"):
        Remote("s3://bucket/*.fits")
    with pytest.raises(ConfigError, match="pip install gcsfs"):
        Remote("zip::gs://bucket/a.zip")
    with pytest.raises(ConfigError, match="no kind of address"):
        Remote("nonsense://a.fits")


def test_addresses_are_told_from_paths():
    for name in ("s3://b/a.fits", "zip::a.zip", "https://a.b/c?d", "zip://a::b.zip"):
        assert is_address(name)
    for name in ("a.h5::images", "a/b.fits", "C:\\a.fits", "x.zarr::a/b"):
        assert not is_address(name)
