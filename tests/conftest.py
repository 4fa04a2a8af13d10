"""What all tests share: settings of their own, and no window but a virtual one."""

from __future__ import annotations

import os
import tempfile

# Before anything imports napari, so that no test reads or writes a person's settings.
os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")  # noqa: PTH118
