"""The model card, `model.json`: what a model is, what it learned from, how it does."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from clump_detector.config.model import ModelConfig
from clump_detector.config.tables import fill, settings_table
from clump_detector.core.errors import ConfigError, FileError, ModelError
from clump_detector.core.files import read_json, write_json
from clump_detector.core.json_types import JsonObject
from clump_detector.metrics.calibration import Calibration

CARD = "model.json"
WEIGHTS = "weights.safetensors"

#: The heads of a model's ensemble, where it has one.
ENSEMBLE = "ensemble.safetensors"

FORMAT = "napari-clumps model"
VERSION = 2

#: Keys of tables that may be missing.
_TABLES = (
    "learned_from", "performance", "expected", "source_classifier", "ensemble"
)  # fmt: skip

_ANOTHER = "Choose another model, or make this one again."


@dataclass(frozen=True)
class ModelCard:
    """What users and the program have to know about a model.

    Attributes
    ----------
    name : str
    config : ModelConfig
        What is needed to build the network and to feed it, its scale per FWHM included.
    learned_from : dict
        Label set and its hash, parent, seed, recipe, versions and counts.
    performance : dict
        How well it did, on what, with intervals.
    default_score : float
        The score from which its boxes are shown unless the user chooses another.
    calibration : Calibration
        From the network's scores to shares that are true.
    expected : dict
        What the default score was chosen for and from: ``method``, ``goal``,
        ``galaxies``, ``true_boxes``, ``found_boxes``, and ``curve``, a list of
        ``score``, ``completeness`` and ``purity`` that are to be expected.
    verdicts : tuple of dict
        Comparisons with other models, the newest last: ``against``, ``verdict``,
        ``summary``, ``galaxies``, ``difference`` and ``time``.
    created : str
        Time in UTC, ISO 8601.
    weights : str
        SHA-256 of the weights' file.
    source_classifier : dict
        Of `clump_detector.photometry.source_classifier`: what colours and widths say of
        a box where a cutout has the bands. Empty if that was not learned.
    ensemble : dict
        ``sha256`` of the heads' file, and ``left_out``: for each head the keys of the
        galaxies that it did not learn from, while the others did. Empty without one.
    """

    name: str
    config: ModelConfig = field(default_factory=ModelConfig)
    learned_from: JsonObject = field(default_factory=dict)
    performance: JsonObject = field(default_factory=dict)
    default_score: float = 0.3
    calibration: Calibration = field(default_factory=Calibration)
    created: str = ""
    weights: str = ""
    expected: JsonObject = field(default_factory=dict)
    verdicts: tuple[JsonObject, ...] = ()
    source_classifier: JsonObject = field(default_factory=dict)
    ensemble: JsonObject = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """One line for lists: what it learned from and how well it does."""
        parts = [f"{self.config.encoder}, {' and '.join(self.config.classes)}"]
        cutouts = self.learned_from.get("cutouts")
        if cutouts:
            parts.append(f"learned from {cutouts} cutouts")
        shares = [
            f"{name} {share:.2f}"
            for name in ("completeness", "purity")
            if (share := _value(self.performance.get(name))) is not None
        ]
        if shares:
            where = self.performance.get("on", "its test cutouts")
            parts.append(f"{', '.join(shares)} on {where}")
        return "; ".join(parts)

    @property
    def learned_keys(self) -> frozenset[str]:
        """Keys of the images that it and its ancestors learned from, where known."""
        return frozenset(
            key
            for name in ("images", "ancestor_images")
            for key in self.learned_from.get(name) or ()
        )

    @property
    def unknown_ancestors(self) -> tuple[str, ...]:
        """The models, itself or ancestors, whose cards do not list their images."""
        if not self.learned_from.get("images"):
            return (self.model_id, *self.learned_from.get("unknown_ancestors", ()))
        return tuple(self.learned_from.get("unknown_ancestors", ()))

    @property
    def model_id(self) -> str:
        """The name with a short hash of the weights, for tables and labels."""
        return f"{self.name}-{self.weights[:8]}" if self.weights else self.name


def _value(metric: object) -> float | None:
    """Return the number of a metric that may come with intervals."""
    value = metric.get("value") if isinstance(metric, dict) else metric
    return float(value) if isinstance(value, int | float) else None


def now() -> str:
    """Return the time in UTC as a card holds it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_card(folder: str | Path, card: ModelCard) -> None:
    """Write ``model.json`` into a folder.

    Parameters
    ----------
    folder : path
    card : ModelCard

    Raises
    ------
    FileError
        If it cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "name": card.name,
        "created": card.created or now(),
        "config": settings_table(card.config),
        "default_score": card.default_score,
        "calibration": asdict(card.calibration),
        "learned_from": card.learned_from,
        "performance": card.performance,
        "expected": card.expected,
        "verdicts": list(card.verdicts),
        "source_classifier": card.source_classifier,
        "ensemble": card.ensemble,
        "weights": {"file": WEIGHTS, "sha256": card.weights},
    }
    write_json(Path(folder) / CARD, content)


def read_card(folder: str | Path) -> ModelCard:
    """Read the card of a model folder.

    Raises
    ------
    ModelError
        If there is no such folder or card, or the card is of other software, of a
        later version, or has a wrong value.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "a model is a folder" if folder.exists() else "there is no such model"
        raise ModelError(what, folder, f"Choose a folder with {CARD} and {WEIGHTS}.")
    path = folder / CARD
    if not path.is_file():
        raise ModelError(f"this model folder has no {CARD}", folder, _ANOTHER)
    try:
        content = read_json(path)
    except FileError as error:
        raise ModelError(error.what, path, _ANOTHER) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError("this is a card of other software", path, _ANOTHER)
    if content.get("version") not in range(1, VERSION + 1):
        raise ModelError(
            f"this card has version {content.get('version')!r}, not 1 to {VERSION}",
            path,
            "Use the version of napari-clumps that made it, or a later one.",
        )
    return _card(content, path, folder)


def _card(content: JsonObject, path: Path, folder: Path) -> ModelCard:
    try:
        score = float(content.get("default_score", 0.3))
        mended = content.get("calibration") or {}
        calibration = Calibration(**{k: float(v) for k, v in mended.items()})
        weights = str(content["weights"]["sha256"])
        config = fill(ModelConfig, content["config"], "config.")
        learned, performance, expected, classifier, ensemble = (
            dict(content.get(key) or {}) for key in _TABLES
        )
        if ensemble:
            ensemble["left_out"] = [list(keys) for keys in ensemble["left_out"]]
        verdicts = tuple(dict(one) for one in content.get("verdicts") or ())
    except ConfigError as error:
        raise ModelError(error.what, path, _ANOTHER) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"a key is missing or wrong ({type(error).__name__}: {error})",
            path,
            _ANOTHER,
        ) from error
    if not 0 <= score <= 1:
        raise ModelError(f"default_score is {score}, not 0 to 1", path, _ANOTHER)
    sane = 0.01 <= calibration.temperature <= 100 and abs(calibration.offset) <= 50
    if not sane:
        what = f"the calibration is {calibration}, which is out of all bounds"
        raise ModelError(what, path, _ANOTHER)
    return ModelCard(
        name=str(content.get("name") or folder.name),
        config=config,
        learned_from=learned,
        performance=performance,
        default_score=score,
        calibration=calibration,
        created=str(content.get("created", "")),
        weights=weights,
        expected=expected,
        verdicts=verdicts,
        source_classifier=classifier,
        ensemble=ensemble,
    )
