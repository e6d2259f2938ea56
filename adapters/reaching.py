"""Why a platform cannot be reached, or something else answers in its place, and what to do then."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Way:
    """How a platform is reached, for telling people."""

    platform: str
    setting: str
    """That replaces its address."""
    normally: str
    """Its own address, where the setting is not set."""
    proxied_by: str
    """What tells it of a proxy."""

    def lost(self, error: BaseException | None) -> str:
        """Why no answer came; ``error`` is what the network failed with."""
        return f"{self.platform} cannot be reached: {self._why(error)}"

    def _why(self, error: BaseException | None) -> str:
        match error:
            case aiohttp.InvalidURL():
                return (
                    f"its address is none. Write {self.setting} like {self.normally}, or unset it."
                )
            case aiohttp.ClientHttpProxyError():
                return f"the proxy refuses ({error.status}). Check {self.proxied_by}."
            case aiohttp.ClientProxyConnectionError():
                return f"the proxy does not answer. Check {self.proxied_by}, and whether it runs."
            case aiohttp.ClientConnectorDNSError():
                return (
                    f"no host is named {error.host}. Check {self.setting} and the network's name "
                    "server."
                )
            case aiohttp.ClientSSLError():
                return (
                    f"{error.host} offers no connection that is secure. Check {self.setting}, the "
                    "clock, and SSL_CERT_FILE where a proxy has a certificate of its own."
                )
            case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
                return (
                    f"{error.host} refuses the connection. Check {self.setting}, and that no "
                    f"firewall stands before it; where there is a proxy, set {self.proxied_by}."
                )
            case TimeoutError():
                return (
                    f"no answer came in time. Check the network, the firewall and {self.setting}; "
                    f"where there is a proxy, set {self.proxied_by}."
                )
            case _:
                kind = type(error).__name__
                return f"{kind}. Check the network, the proxy and {self.setting}."

    def strange(self, status: int) -> str:
        """What it means that an answer came, with this HTTP status, but not the platform's."""
        if status == 404:
            return (
                f"{self.platform}'s API is not there (404). Set {self.setting} to {self.normally}, "
                "or to the right path of your proxy."
            )
        if status == 407:
            return f"The proxy wants a password (407). Put it into {self.proxied_by}."
        if status == 429:
            return f"{self.platform} asks to wait (429). Try again in a few minutes."
        if status >= 500:
            return (
                f"{self.platform} is out of order ({status}). Try again later; if it lasts, check "
                f"the proxy and {self.setting}."
            )
        return (
            f"Something else than {self.platform} answers ({status}), such as a proxy or a page to "
            f"sign in. Check the network, the proxy and {self.setting}."
        )
