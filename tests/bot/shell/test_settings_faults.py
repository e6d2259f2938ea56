"""A wrong setting is told by the variable that somebody has to change."""

from __future__ import annotations

import pytest

from bot.errors import ConfigurationError
from bot.shell.settings import load_settings


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HOUSEVOICE_ADMINS", "slack:U1", "HOUSEVOICE_ADMINS: not JSON"),
        ("HOUSEVOICE_ROLES", "{", "HOUSEVOICE_ROLES: not JSON"),
        ("HOUSEVOICE_HTTP_ALLOW", "wiki.example", "HOUSEVOICE_HTTP_ALLOW: not JSON"),
        ("HOUSEVOICE_SURE", "7", "HOUSEVOICE_SURE: "),
        ("HOUSEVOICE_ADMINS", "[1]", "HOUSEVOICE_ADMINS.0: "),
        ("WEAVIATE_GRPC_PORT", "many", "WEAVIATE_GRPC_PORT: "),
    ],
)
def test_the_variable_is_named(
    variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert str(refused.value).startswith(told)
    assert ".env" in str(refused.value)
