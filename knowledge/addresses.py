"""Which addresses may be connected to: those of the open internet, and what was allowed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from knowledge.errors import SourceError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and port to its addresses as text; raises OSError if there is none."""

_FORBIDDEN = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's host service, on a public address
    ipaddress.ip_network("192.88.99.0/24"),  # 6to4 relays (RFC 7526)
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that carry an IPv4 address in their last 32 bits (RFC 6052)."""


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """The system's answer for ``host``, in its order of preference. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class AddressGuard:
    """Resolves hosts to addresses that may be connected to."""

    def __init__(self, allow: Sequence[str] = (), resolve: Resolve = resolve_host) -> None:
        """``allow`` holds host names and networks (CIDR) that need not be public."""
        self._resolve = resolve
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._hosts: set[str] = set()
        for entry in allow:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:  # a host name, then
                self._hosts.add(entry.strip().lower())

    async def addresses(self, host: str, port: int) -> list[IPAddress]:
        """The host's permitted addresses, best first; raises SourceError if there is none.

        Numbers in any notation (``127.1``, ``0x7f000001``) are resolved like names, and so
        checked as the address that they stand for.
        """
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise SourceError(f"There is no host named {host}. Check the address.") from error
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
        if host.lower() in self._hosts:
            return addresses
        permitted = [one for one in addresses if is_public(one) or self._is_allowed(one)]
        if not permitted:
            raise SourceError(
                f"{host} is an address inside the network, which is not fetched for safety. "
                "If it is meant, add the host or its network to the list of allowed hosts."
            )
        return permitted

    def _is_allowed(self, address: IPAddress) -> bool:
        return any(address in network for network in self._networks)


def is_public(address: IPAddress) -> bool:
    """Is it an address of the open internet, also where it carries another inside?"""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        carried = [one for one in inner if one is not None]
        if carried:
            return all(is_public(one) for one in carried)
    forbidden = any(address in network for network in _FORBIDDEN)
    return address.is_global and not address.is_multicast and not forbidden
