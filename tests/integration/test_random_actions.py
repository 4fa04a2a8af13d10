"""Everything in any order: no exception, no lost box.

`make bench ONLY=random` goes on for ten minutes.
"""

from __future__ import annotations

import pytest

from tests.helpers.random_actions import RandomUser

pytestmark = pytest.mark.gui

DOCKS = (
    "Reviewers",
    "Display",
    "Clump gallery",
    "Filmstrip",
    "Review statistics",
    "Download cutouts",
    "Photometry",
    "Isophotes",
    "Why this box",
)


@pytest.mark.parametrize("seed", [1])
def test_random_actions_break_nothing(ui, seed):
    from napari.utils.notifications import NotificationSeverity, notification_manager
    from qtpy.compat import isalive

    window = ui.viewer.window
    docks = [
        window.add_plugin_dock_widget("napari-clumps", name, tabify=True)[0]
        for name in DOCKS
    ]
    for cutout in (2, 3, 4):
        ui.propose(cutout)
    notification_manager.records.clear()
    user = RandomUser(ui.viewer, ui.controller, seed)
    kinds: set[str] = set()
    for _ in range(4):  # chance may keep to a few ways of deciding for a while
        user.play(steps=250)
        kinds = {decision.kind for decision in ui.controller.session.review.decisions()}
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
    print(dict(user.done), kinds)
