"""What the console needs to know, and where it refuses to listen."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class BrowserConfig:
    """Checked when it is made. Raises :class:`ConfigurationError` with what to do."""

    host: str
    port: int
    address: str
    """As people open it, without a slash at the end."""
    key: bytes = field(repr=False)
    """Signs cookies."""
    certificate: Path | None = None
    private_key: Path | None = None
    proxies: tuple[str, ...] = ()
    """Addresses or networks of the proxies that are believed."""
    metrics_token: str | None = field(default=None, repr=False)
    """What a Prometheus on another machine shows; None: only this machine may read metrics."""

    def __post_init__(self) -> None:
        """Refuse what would send sessions over a network in the clear."""
        if bool(self.certificate) != bool(self.private_key):
            raise ConfigurationError(
                "TLS takes both HOUSEVOICE_CONSOLE_CERTIFICATE and HOUSEVOICE_CONSOLE_KEY."
            )
        for file in filter(None, (self.certificate, self.private_key)):
            if not file.is_file():
                raise ConfigurationError(f"The console's {file} is not there.")
        for each in self.proxies:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                raise ConfigurationError(
                    f"HOUSEVOICE_CONSOLE_PROXIES: {each!a} is no address or network, such as "
                    "10.0.0.2 or 10.0.0.0/24."
                ) from None
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
            raise ConfigurationError(
                f"HOUSEVOICE_CONSOLE_URL: {self.address!a} is no address such as "
                "https://housevoice.example.com."
            )
        if is_loopback(self.host):
            return
        if not self.certificate and not self.proxies:
            raise ConfigurationError(
                f"The console would listen on {self.host}, where others can listen in. Set "
                "HOUSEVOICE_CONSOLE_CERTIFICATE and HOUSEVOICE_CONSOLE_KEY for TLS, or "
                "HOUSEVOICE_CONSOLE_PROXIES for a proxy that speaks TLS, or let it listen on "
                "127.0.0.1."
            )
        if parts.scheme != "https":
            raise ConfigurationError(
                "HOUSEVOICE_CONSOLE_URL: beyond this machine the console is opened by https://."
            )

    @property
    def is_secure(self) -> bool:
        """Whether people open it over TLS."""
        return self.address.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """What a request may name as its host: others come from pages that rebind their name."""
        own = urlsplit(self.address).hostname or ""
        return frozenset(
            {own, "127.0.0.1", "localhost", "::1"} if is_loopback(self.host) else {own}
        )


def host_and_port(typed: str) -> tuple[str, int]:
    """The two parts of ``HOUSEVOICE_CONSOLE``. Raises :class:`ConfigurationError`."""
    host, colon, port = typed.strip().rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) < 2**16 or not host:
        raise ConfigurationError(
            f"HOUSEVOICE_CONSOLE: {typed!a} is no address and port, such as 127.0.0.1:8080."
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
