"""The models that a window can choose: renaming and removing them while jobs run."""

from __future__ import annotations

from clump_detector.core.errors import ClumpError
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.jobs.training.retraining import Retraining
from napari_clumps.models.removal import remove, rename

from .session import Session


class ModelList:
    """Renames and removes models, but none that is in use.

    Parameters
    ----------
    session : Session
    detection : Detection
    retraining : Retraining
    """

    def __init__(
        self, session: Session, detection: Detection, retraining: Retraining
    ) -> None:
        self.session = session
        self._detection, self._retraining = detection, retraining

    @property
    def busy(self) -> set[str]:
        """Names of the models that a job is running with."""
        jobs = (self._detection, self._retraining)
        return {f.name for job in jobs if job.running for f in job.models_in_use}

    def rename(self, old: str, new: str) -> bool:
        """Rename a model; return whether that was possible.

        Parameters
        ----------
        old, new : str
        """
        try:
            folder = rename(old, new, busy=self.busy)
        except ClumpError as error:
            self.session.warn(error.message)
            return False
        self._retraining.follow(old, folder)
        if self.session.scores.model_name == old:
            self.session.scores.model_name = new
            self._detection.warm_up()
        self.session.announce_models()
        return True

    def remove(self, name: str) -> bool:
        """Remove a model; return whether that was possible."""
        try:
            remove(name, current=self.session.scores.model_name, busy=self.busy)
        except ClumpError as error:
            self.session.warn(error.message)
            return False
        self._retraining.follow(name, None)
        self.session.announce_models()
        return True
