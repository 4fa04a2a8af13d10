"""Names for what JSON files and messages hold."""

from __future__ import annotations

from typing import Any, TypeAlias

#: An object of JSON, or a table of TOML, of which each reader checks what it uses.
JsonObject: TypeAlias = dict[str, Any]
