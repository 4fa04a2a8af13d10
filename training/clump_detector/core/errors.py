"""Every error shown to users; each names the file, what is wrong and the remedy."""

from __future__ import annotations

import errno
from pathlib import Path


class ClumpError(Exception):
    """What went wrong, where, and what to do about it.

    Parameters
    ----------
    what : str
        What is wrong, as a clause without a full stop.
    path : path, optional
        The file or folder concerned.
    remedy : str, optional
        What the user can do.
    """

    def __init__(
        self, what: str, path: str | Path | None = None, remedy: str | None = None
    ) -> None:
        self.what = what
        self.path = None if path is None else Path(path)
        self.remedy = remedy
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The whole message in one line."""
        text = self.what if self.path is None else f"{self.path}: {self.what}"
        if self.remedy:
            text = f"{text}. {self.remedy}"
        return " ".join(text.split())

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.path, self.remedy)


class ImageError(ClumpError):
    """An image that cannot be read or used."""


class LabelError(ClumpError):
    """A label set that cannot be read or does not fit its images."""


class ModelError(ClumpError):
    """A model folder that cannot be read, built or used."""


class ConfigError(ClumpError):
    """A recipe or an option with a wrong name or value."""


class TrainingError(ClumpError):
    """Training that cannot start or cannot continue."""


class FileError(ClumpError):
    """A file or folder that cannot be read or written."""


class ReviewError(ClumpError):
    """A review that cannot be opened, written to or decided on as asked."""


class FetchError(ClumpError):
    """A cutout that a survey's service does not deliver."""


class Cancelled(Exception):  # noqa: N818 - asked for by the user, not an error
    """Raised inside long work when the user has cancelled it."""


_REMEDIES = {
    errno.ENOSPC: ("the disk is full", "Free some space and try again."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space and try again."),
    errno.EACCES: ("no permission", "Choose another folder or change its permissions."),
    errno.EPERM: ("no permission", "Choose another folder or change its permissions."),
    errno.EROFS: ("the disk is read-only", "Choose a folder that can be written to."),
    errno.ENOENT: ("no such file or folder", "Check the path."),
    errno.EEXIST: ("a file is in the way", "Choose another name or folder."),
    errno.EISDIR: ("this is a folder", "Give a file."),
    errno.ENOTDIR: ("a part of the path is not a folder", "Check the path."),
}


def from_os_error(error: OSError, path: str | Path, doing: str) -> FileError:
    """Turn an operating system error into an error with a remedy.

    Parameters
    ----------
    error : OSError
        The error as the system raised it.
    path : path
        The file or folder.
    doing : str
        What was tried, such as ``"write"``.
    """
    what, remedy = _REMEDIES.get(
        error.errno or 0, (error.strerror or str(error), "Check the path and the disk.")
    )
    return FileError(f"cannot {doing} it: {what}", path, remedy)
