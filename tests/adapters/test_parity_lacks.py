"""What the platforms lack is known, has a reason, and does not grow unseen."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, get_args

from tests.adapters import test_parity, test_parity_notices, test_parity_rules, test_parity_trust
from tests.adapters.stages.lacks import LACKS, Ability
from tests.adapters.stages.playing import PLATFORMS, needed

SCENARIOS: list[Callable[..., Any]] = [
    each
    for module in (test_parity, test_parity_rules, test_parity_trust, test_parity_notices)
    for name, each in vars(module).items()
    if name.startswith("test_") and "stage" in signature(each).parameters
]


def test_slack_and_discord_lack_nothing_but_what_is_known() -> None:
    """Whoever changes this line has to say why in ``LACKS``."""
    assert set(LACKS["slack"]) == {"suggestions", "forums"}
    assert set(LACKS["discord"]) == {"strangers", "typed_lines"}


def test_every_lack_has_its_reason_and_a_scenario_that_asks_for_it() -> None:
    assert set(LACKS) == set(PLATFORMS)
    asked = {ability for test in SCENARIOS for ability in needed(test)}
    for lacks in LACKS.values():
        assert all(len(reason) > 20 for reason in lacks.values())
        assert set(lacks) <= asked
    assert asked == set(get_args(Ability))


def test_most_scenarios_are_played_on_all_platforms() -> None:
    played = {
        name: sum(not set(needed(test)) & set(lacks) for test in SCENARIOS)
        for name, lacks in LACKS.items()
    }
    assert played["slack"] >= len(SCENARIOS) - 3
    assert played["discord"] >= len(SCENARIOS) - 3
    assert played["console"] >= 15
    assert played["browser"] >= 15
