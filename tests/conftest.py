"""What all tests share: settings of their own, and no window but a virtual one."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

#: The window with a review that tests of the plugin share.
pytest_plugins = ["tests.helpers.review_window"]

# Before anything imports napari, so that no test reads or writes a person's settings.
os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")  # noqa: PTH118

# OpenVINO takes seconds to convert a model, and tests load many; its own ask for it.
# Numbers are compared with those of single precision.
os.environ["NAPARI_CLUMPS_BACKEND"] = "torch"
os.environ["NAPARI_CLUMPS_PRECISION"] = "single"

# How long an example takes says what else the machine does, and nothing of the program.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Keep settings, samples and models of the tests out of the user's folders."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("NAPARI_CLUMPS_DATA", str(home / "data"))
    monkeypatch.setenv("NAPARI_CLUMPS_MODELS", str(home / "models"))
    return home
