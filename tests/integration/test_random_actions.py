"""Everything in any order: no exception, no lost box.

`make bench ONLY=monkey` goes on for ten minutes.
"""

from __future__ import annotations

import pytest

from tests.helpers.random_actions import Monkey

pytestmark = pytest.mark.gui

DOCKS = (
    "Reviewers",
    "Display",
    "Clump gallery",
    "Filmstrip",
    "Review statistics",
    "Download cutouts",
    "Photometry",
)


@pytest.mark.parametrize("seed", [1])
def test_a_monkey_breaks_nothing(desk, seed):
    from napari.utils.notifications import NotificationSeverity, notification_manager
    from qtpy.compat import isalive

    window = desk.viewer.window
    docks = [
        window.add_plugin_dock_widget("napari-clumps", name, tabify=True)[0]
        for name in DOCKS
    ]
    for cutout in (2, 3, 4):
        desk.propose(cutout)
    notification_manager.records.clear()
    monkey = Monkey(desk.viewer, desk.controller, seed)
    kinds: set[str] = set()
    for _ in range(4):  # chance may keep to a few ways of deciding for a while
        monkey.play(steps=250)
        kinds = {
            decision.kind for decision in desk.controller.session.review.decisions()
        }
        if len(kinds) >= 5:
            break
    for dock in filter(isalive, docks):  # it closes some of them
        window.remove_dock_widget(dock)
    errors = [
        record
        for record in notification_manager.records
        if record.severity >= NotificationSeverity.ERROR
    ]
    assert not errors, [str(record) for record in errors]
    assert len(kinds) >= 5, kinds
    print(dict(monkey.done), kinds)
