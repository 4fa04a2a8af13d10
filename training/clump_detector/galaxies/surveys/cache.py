"""A cache of responses on disk, so that nothing is downloaded twice."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.files import atomic_path


class Cache:
    """A folder of responses, named by their requests, which may be deleted at any time.

    Parameters
    ----------
    folder : path or None
        None disables the cache.
    most : int
        Greatest size in bytes; the least recently used responses are removed first.
    """

    def __init__(self, folder: Path | None, most: int) -> None:
        self._folder, self._most = folder, most

    def _path(self, asked: object) -> Path | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return self._folder / name[:2] / name[2:40]

    def get(self, asked: object) -> bytes | None:
        """Return the response to a request, or None."""
        path = self._path(asked)
        if path is None:
            return None
        try:
            content = path.read_bytes()
            os.utime(path)  # marks it as recently used
        except OSError:
            return None
        return content

    def put(self, asked: object, content: bytes) -> None:
        """Store a response; errors of the disk are ignored.

        Parameters
        ----------
        asked : anything that JSON can hold
            The request.
        content : bytes
        """
        path = self._path(asked)
        if path is None or len(content) > self._most:
            return
        with suppress(ClumpError, OSError), atomic_path(path) as temporary:
            temporary.write_bytes(content)

    def drop(self, asked: object) -> None:
        """Remove a response that turned out to be broken."""
        path = self._path(asked)
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove the least recently used responses beyond the limit."""
        if self._folder is None:
            return
        found = []
        with suppress(OSError):
            for path in self._folder.glob("??/*"):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda f: f[0]):
            if total <= self._most:
                return
            with suppress(OSError):
                path.unlink(missing_ok=True)
                total -= size
