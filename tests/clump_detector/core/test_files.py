"""Files that are whole or not there at all."""

from __future__ import annotations

import errno
import os
import pickle
import stat
from pathlib import Path

import pytest

from clump_detector.core import errors, files
from clump_detector.core.errors import ClumpError, FileError

not_root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may do everything"
)


def test_a_file_appears_whole_in_new_folders(tmp_path):
    path = tmp_path / "a" / "b" / "c.json"
    files.write_json(path, {"é": [1, None]})
    assert files.read_json(path) == {"é": [1, None]}
    assert list(path.parent.iterdir()) == [path]


def write_half(path):
    with files.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_a_failure_keeps_the_old_file_and_leaves_no_litter(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))
    with pytest.raises(RuntimeError):
        write_half(path)
    assert files.read_json(path) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_the_ending_is_kept_for_writers_that_look_at_it(tmp_path):
    with files.atomic_path(tmp_path / "a.parquet") as temporary:
        assert temporary.suffix == ".parquet"
        assert temporary.parent == tmp_path


@pytest.mark.skipif(os.name == "nt", reason="permissions are of POSIX")
def test_others_may_read_it_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        files.write_text(tmp_path / "a.txt", "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


def full_disk(*_args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    files.write_json(path, 1)
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(
        FileError, match=r"the disk is full\. Free some space"
    ) as caught:
        files.write_json(path, 2)
    assert str(path) in caught.value.message
    assert files.read_json(path) == 1
    assert list(tmp_path.iterdir()) == [path]


@not_root
def test_no_permission_is_said(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileError, match=r"cannot write it: no permission\. Choose"):
            files.write_text(tmp_path / "a.txt", "a")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "a").write_text("a")
    with pytest.raises(FileError, match="cannot write it"):
        files.write_text(tmp_path / "a" / "b.txt", "b")


def test_a_folder_where_the_file_should_be(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(FileError, match="cannot write it: this is a folder"):
        files.write_text(tmp_path / "a", "b")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
    ],
    ids=["missing", "empty", "cut", "binary"],
)
def test_what_is_no_json(tmp_path, content, message):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=message) as caught:
        files.read_json(path)
    assert str(path) in caught.value.message


def test_a_relative_path_leads_to_the_file_also_behind_a_link(tmp_path):
    images, labels, far = (tmp_path / n for n in ("images", "labels", "a/b/c/far"))
    for folder in (images, labels, far):
        folder.mkdir(parents=True)
    (images / "g.png").write_text("g")
    (labels / "own.png").write_text("own")
    link = tmp_path / "link"
    link.symlink_to(far, target_is_directory=True)
    linked_labels = tmp_path / "linked labels"
    linked_labels.symlink_to(labels, target_is_directory=True)
    for path, folder, relative in (
        (images / "g.png", labels, "../images/g.png"),
        (images / "g.png", images, "g.png"),
        (images / "g.png", link, "../../../../images/g.png"),
        (linked_labels / "own.png", linked_labels, "own.png"),
        (images / "g.png", linked_labels, "../images/g.png"),
    ):
        assert files.relative_path(path, folder) == relative
        assert (folder / relative).read_text() == path.read_text()


def test_sha256(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert files.sha256(path).startswith("ba7816bf8f01cfea")
    with pytest.raises(FileError, match="no such file"):
        files.sha256(tmp_path / "b")


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if isinstance(k, type)], ids=str
)
def test_every_error_survives_the_way_between_processes(kind):
    if not issubclass(kind, ClumpError):
        return
    error = kind("what", Path("where"), "Do this.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert back.message == f"{Path('where')}: what. Do this."


def test_a_message_is_one_line():
    assert ClumpError("a\nb  c", remedy="d").message == "a b c. d"
