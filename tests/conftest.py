"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """Leave each phase's report on its item; napari's viewer fixture asks for it."""
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"rep_{report.when}", report)
    if not hasattr(item, "rep_call"):
        item.rep_call = report
