"""A job's progress with a button that cancels it, shown while it is under way."""

from __future__ import annotations

from typing import Protocol

from psygnal import SignalInstance
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from napari_clumps.widgets.base.parts import plain_button
from napari_clumps.widgets.base.signals import listen


class Runs(Protocol):
    """A job that tells how far it is."""

    words: str
    percent: int
    cancelling: bool

    @property
    def changed(self) -> SignalInstance:
        """It started, went on or ended."""

    @property
    def running(self) -> bool:
        """Whether it is under way."""

    def cancel(self) -> None:
        """Stop it."""


class JobRow(QWidget):
    """A bar with a Cancel button; nothing where the job does not run.

    Parameters
    ----------
    name : str
        In the names of its widgets.
    job : Runs
    """

    def __init__(self, name: str, job: Runs) -> None:
        super().__init__()
        self._job = job
        self._bar = QProgressBar()
        self._bar.setObjectName(f"progress_{name}")
        self._cancel = plain_button(
            f"cancel_{name}", "Cancel", job.cancel, "Stop; nothing half done is left"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._bar, stretch=1)
        layout.addWidget(self._cancel)
        listen(self, (job.changed, self._show))
        self._show()

    def _show(self) -> None:
        # Before its first step a job reads a file of unknown size.
        self._bar.setMaximum(100 if self._job.percent else 0)
        self._bar.setValue(self._job.percent)
        words = "Cancelling…" if self._job.cancelling else f"{self._job.words}: %p %"
        self._bar.setFormat(words)
        self._cancel.setEnabled(not self._job.cancelling)
        self.setVisible(self._job.running)
