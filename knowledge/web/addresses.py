"""Which addresses may be connected to: those of the open internet, and what was allowed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from knowledge.errors import SourceError
from knowledge.web.address_registries import NOT_IANAS, SPECIAL, UNICAST

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and port to its addresses as text; raises OSError if there is none."""

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_IPV4 = 0xFFFFFFFF
_NUMBERS = 256


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """The system's answer for ``host``, in its order of preference. Raises OSError."""
    with suppress(ValueError):  # an address needs no look-up, which costs a switch of threads
        return [str(ipaddress.ip_address(host))]
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
        self._numbers: dict[str, list[IPAddress]] = {}
        """Addresses that were asked for as such, and may be connected to for good."""
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
        if host in self._numbers:
            return self._numbers[host]
        try:
            found = await self._resolve(host, port)
        except (OSError, ValueError) as error:  # ValueError: what no resolver can be asked for
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
        if list(found) == [host] and len(self._numbers) < _NUMBERS:
            self._numbers[host] = permitted
        return permitted

    def _is_allowed(self, address: IPAddress) -> bool:
        return any(address in network for network in self._networks)


def is_public(address: IPAddress) -> bool:
    """Is it of the open internet, by IANA's registries, or does it only carry such addresses?

    What carries IPv4 addresses is judged by them: that is where it leads.
    """
    if carried := _carried(address):
        return all(is_public(one) for one in carried)
    forbidden = any(address in network for network in (*SPECIAL, *NOT_IANAS))
    return not forbidden and any(address in network for network in UNICAST)


def _carried(address: IPAddress) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses in an IPv6 one that is of a kind still in use.

    Those of the other kinds (IPv4-compatible, IPv4-translated, translation for local use) reach
    nothing on the open internet, whatever they carry: they are not among its addresses.
    """
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    bits = int(address)
    if address in _MAPPED or address in _NAT64:  # RFC 4291 2.5.5.2, RFC 6052 2.2
        return [ipaddress.IPv4Address(bits & _IPV4)]
    if address in _6TO4:  # RFC 3056 2
        return [ipaddress.IPv4Address(bits >> 80 & _IPV4)]
    if address in _TEREDO:  # RFC 4380 4: the server, and the client with its bits turned round
        return [ipaddress.IPv4Address(bits >> 64 & _IPV4), ipaddress.IPv4Address(~bits & _IPV4)]
    return []
