"""The saved choices of the user: model, device, name, shortcuts and display."""

from __future__ import annotations

import getpass
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from clump_detector.core.errors import ClumpError
from clump_detector.core.files import read_json, write_json
from clump_detector.core.json_types import JsonObject
from clump_detector.core.paths import data_folder


def _settings_path() -> Path:
    return data_folder() / "settings.json"


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


@dataclass(frozen=True)
class Settings:
    """Choices that are kept between sessions."""

    model: str = "starter"
    device: str = "auto"
    annotator: str = ""
    done_with_space: bool = True
    go_on_after_last: bool = False
    blind_test: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    view: str = "colour"
    stretch: str = "as detected"
    black: float = 0.0
    white: float = 1.0
    scale_bar: bool = True
    north_up: bool = True

    def name(self) -> str:
        """Return the reviewer's name: the chosen one, or the login name."""
        return self.annotator or _user_name()


def load_settings() -> Settings:
    """Return the saved settings; unreadable or unknown ones fall back to defaults."""
    path = _settings_path()
    if not path.is_file():
        return Settings()
    try:
        content = read_json(path)
    except ClumpError:
        return Settings()
    default = asdict(Settings())
    chosen: JsonObject = {}
    for key, value in (content if isinstance(content, dict) else {}).items():
        if key in default and type(value) is type(default[key]):
            chosen[key] = value
    return Settings(**chosen)


def save_settings(settings: Settings) -> None:
    """Save the settings; the file is replaced as a whole."""
    write_json(_settings_path(), asdict(settings))


def change_settings(**changes: Any) -> Settings:
    """Change some settings and save them; errors of the disk are ignored."""
    settings = replace(load_settings(), **changes)
    try:
        save_settings(settings)
    except ClumpError:
        return settings
    return settings
