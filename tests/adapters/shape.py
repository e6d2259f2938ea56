"""Whether what an adapter has fits a protocol: the names, the arguments, awaited or not."""

from __future__ import annotations

import inspect
from typing import Any


def methods(protocol: type) -> dict[str, Any]:
    """Those that a protocol asks for, with those that it builds on."""
    return {
        name: value
        for base in protocol.__mro__
        if getattr(base, "_is_protocol", False)
        for name, value in vars(base).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def same_shape(wanted: Any, there: Any) -> bool:
    """Whether calls as the protocol has them fit: the same arguments, awaited or not."""
    mine, its = (inspect.signature(each).parameters for each in (there, wanted))
    asked = [each for each in its.values() if each.name != "self"]
    given = list(mine.values())
    return (
        [each.name for each in asked] == [each.name for each in given[: len(asked)]]
        and all(each.default is not inspect.Parameter.empty for each in given[len(asked) :])
        and inspect.iscoroutinefunction(wanted) == inspect.iscoroutinefunction(there)
    )
