"""Which addresses are fetched: those of the open internet, in whatever an address is wrapped."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import SourceError
from knowledge.web.address_registries import SPECIAL
from knowledge.web.addresses import AddressGuard, is_public

V4 = st.ip_addresses(v=4)
SPECIAL_V4 = [one for one in SPECIAL if one.version == 4]
INNER_V4 = st.one_of([st.ip_addresses(network=one) for one in SPECIAL_V4])

CARRIERS: dict[str, Callable[[int], int]] = {
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "nat64": lambda v4: 0x64_FF9B << 96 | v4,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "teredo server": lambda v4: 0x2001 << 112 | v4 << 64 | 0xFFFFFFFF ^ 0x08080808,
    "teredo client": lambda v4: 0x2001 << 112 | 0x08080808 << 64 | 0xFFFFFFFF ^ v4,
}
REGISTERED = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24
192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32
::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23
2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48
2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
fc00::/7 fe80::/10
""".split()
"""Every row of IANA's two special-purpose registries as of 2025-10-09, reachable or not."""
LEADING_ON = {"::ffff:0:0/96", "64:ff9b::/96", "2001::/23", "2001::/32", "2002::/16"}
"""Those whose addresses carry others, by which they are judged."""

DEAD: dict[str, Callable[[int], int]] = {
    "compatible": lambda v4: v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "nat64 for local use": lambda v4: 0x64_FF9B_0001 << 80 | v4,
    "site local": lambda v4: 0xFEC0 << 112 | v4,
    "unique local": lambda v4: 0xFD00 << 112 | v4,
}


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1", "0.1.2.3", "10.255.0.1", "100.100.100.200", "127.0.0.1", "169.254.169.254",
        "172.31.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.170", "192.0.0.192", "192.0.2.1",
        "192.88.99.2", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1",
        "::ffff:0:8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8", "100::1",
        "100:0:0:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1", "2001:db8::1",
        "2002:7f00:1::1", "2002:a9fe:a9fe::", "2001:0:7f00:1::f7f7:f7f7",
        "2001:0:808:808::80ff:fffe", "2620:4f:8000::1", "3fff::1", "3fff:fff:ffff::1", "4000::1",
        "5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_what_is_not_of_the_open_internet_is_not_fetched(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1",
        "192.0.1.1", "198.20.0.1", "223.255.255.255", "2606:2800:220:1::1", "2a00:1450::1",
        "2001:200::1", "3ffe::1", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34",
        "2002:5db8:d822::1",
    ],
)  # fmt: skip
def test_what_is_of_the_open_internet_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("block", [each for each in REGISTERED if each not in LEADING_ON])
def test_no_block_of_the_special_registries_is_fetched(block: str) -> None:
    network = ipaddress.ip_network(block)
    middle = network[network.num_addresses // 2]
    assert not any(is_public(each) for each in (network[0], middle, network[-1]))


@given(V4 | INNER_V4)
def test_what_carries_an_address_is_judged_by_it(v4: ipaddress.IPv4Address) -> None:
    for kind, carrying in CARRIERS.items():
        carrier = ipaddress.IPv6Address(carrying(int(v4)))
        assert is_public(carrier) == is_public(v4), kind


@given(V4)
def test_what_leads_nowhere_is_refused_whatever_it_carries(v4: ipaddress.IPv4Address) -> None:
    for kind, carrying in DEAD.items():
        assert not is_public(ipaddress.IPv6Address(carrying(int(v4)))), kind


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_that_python_calls_private_passes(v4: ipaddress.IPv4Address) -> None:
    assert not is_public(v4) or (v4.is_global and not v4.is_multicast)


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_passes(v6: ipaddress.IPv6Address) -> None:
    carries = any(v6 in ipaddress.ip_network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96"))
    assert not is_public(v6) or carries or v6 in ipaddress.ip_network("2000::/3")


@pytest.mark.parametrize("network", SPECIAL, ids=str)
def test_every_special_block_is_refused_from_end_to_end(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> None:
    if str(network) in ("::ffff:0:0/96", "64:ff9b::/96", "2001::/23", "2002::/16"):
        pytest.skip("judged by what it carries")
    assert not is_public(network.network_address)
    assert not is_public(network.broadcast_address)


@given(host=st.text(min_size=1, max_size=300))
async def test_a_host_that_no_resolver_can_be_asked_for_is_told(host: str) -> None:
    async def refusing(asked: str, _port: int) -> list[str]:
        asked.encode("idna")  # what the system's resolver does first
        raise ValueError("embedded null character")

    with pytest.raises(SourceError, match="There is no host named"):
        await AddressGuard(resolve=refusing).addresses(host, 80)
