"""What the stand-in keeps: classes of the schema with their objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Refused(Exception):
    """The server's error for one request."""


@dataclass
class Stored:
    """One object: its id, property values and named vectors."""

    uuid: str
    properties: dict[str, Any]
    vectors: dict[str, np.ndarray]


@dataclass
class Collection:
    """A class of the schema with its objects."""

    schema: dict[str, Any]
    objects: dict[str, Stored] = field(default_factory=dict)
    tenants: dict[str, dict[str, Stored]] = field(default_factory=dict)

    def of_tenant(self, name: str) -> Collection:
        """The same with the objects of one tenant; the real server's errors where that is wrong."""
        shared = self.schema.get("multiTenancyConfig", {}).get("enabled", False)
        known = self.schema["class"]
        if shared and not name:
            raise Refused(
                f"class {known} has multi-tenancy enabled, but request was without tenant"
            )
        if name and not shared:
            raise Refused(f"class {known} has multi-tenancy disabled, but request was with tenant")
        if not shared:
            return self
        if name not in self.tenants:
            raise Refused(f'tenant not found: "{name}"')
        return Collection(self.schema, self.tenants[name])

    def prop(self, name: str) -> dict[str, Any]:
        for prop in self.schema["properties"]:
            if prop["name"] == name:
                return dict(prop)
        raise Refused(f"no such prop with name '{name}' found in class")

    def bm25(self) -> tuple[float, float]:
        settings = self.schema.get("invertedIndexConfig", {}).get("bm25", {})
        return settings.get("k1", 1.2), settings.get("b", 0.75)

    def stop_words(self) -> set[str]:
        settings = self.schema.get("invertedIndexConfig", {}).get("stopwords", {})
        if settings.get("preset") != "none":
            raise Refused("the stand-in has only the preset 'none'")
        return set(settings.get("additions") or ())
