"""Feature maps of frozen layers, stored in a file in half precision.

They are read one view at a time, so that training on some hundred galaxies takes no
more memory than on ten, and the time grows with their number, not with its square. The
system keeps in its cache what fits in memory.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from clump_detector.core.errors import FileError, from_os_error

from .heads import Encoded

#: Of the disk's free space, the features take at most this share.
SHARE = 0.5

_FREE_SPACE = "Free some space where the new model is to be, or lower cache_megabytes."


@dataclass(frozen=True)
class _Entry:
    """Where the maps of one image are in the file, and what is small enough to hold."""

    offset: int
    shapes: tuple[tuple[str, tuple[int, ...]], ...]  # name and shape of each map
    encoded: Encoded  # without the maps


class FeatureStore:
    """A file of feature maps without a name, which goes when the process ends.

    Parameters
    ----------
    folder : path or None
        Where it is made; None for the system's folder of temporary files.

    Raises
    ------
    FileError
        If it cannot be made.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(prefix=".features-", dir=folder)  # noqa: SIM115
        except OSError as error:
            raise from_os_error(
                error, folder or tempfile.gettempdir(), "write"
            ) from error
        self._entries: list[_Entry] = []
        self._end = 0

    def __len__(self) -> int:
        return len(self._entries)

    def free_bytes(self) -> float:
        """Return how many bytes more it may take."""
        try:
            free = shutil.disk_usage(self._folder or tempfile.gettempdir()).free
        except OSError:
            return 0.0
        return SHARE * free

    def add(self, encoded: Encoded) -> int:
        """Keep feature maps, and return their number.

        Raises
        ------
        FileError
            If the disk is full.
        """
        maps = [
            (name, one.detach().to("cpu", torch.float16).contiguous().numpy())
            for name, one in encoded.features.items()
        ]
        try:
            self._file.seek(self._end)
            for _, one in maps:
                self._file.write(one.tobytes())
            self._file.flush()
        except OSError as error:
            raise FileError(
                f"the feature maps cannot be stored ({error.strerror or error})",
                self._folder,
                _FREE_SPACE,
            ) from error
        shapes = tuple((name, one.shape) for name, one in maps)
        without = replace(encoded, features=OrderedDict())
        self._entries.append(_Entry(self._end, shapes, without))
        self._end += sum(one.nbytes for _, one in maps)
        return len(self._entries) - 1

    def get(self, number: int, device: torch.device) -> Encoded:
        """Return feature maps in half precision, on a device.

        Parameters
        ----------
        number : int
            As `add` returned it.
        device : torch.device
        """
        entry = self._entries[number]
        features: OrderedDict[str, torch.Tensor] = OrderedDict()
        offset = entry.offset
        for name, shape in entry.shapes:
            one = np.memmap(self._file, np.float16, "r", offset, shape)
            features[name] = torch.from_numpy(np.array(one)).to(device)
            offset += one.nbytes
            del one  # a map that stays would count as memory of this process
        return replace(entry.encoded, features=features)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()
