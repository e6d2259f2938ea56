"""Which addresses are of the open internet, by IANA's registries; data, as of STATE.

Kept here, and not asked of Python's ``ipaddress``, whose tables change from one release to the next
and lag behind. When IANA adds a block, add it here with its RFC and change STATE.

- www.iana.org/assignments/ipv4-address-space and ipv6-address-space
- www.iana.org/assignments/iana-ipv4-special-registry
- www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

STATE = "2025-10-09"
"""When both special-purpose registries were last updated; the newest block is that of RFC 9780.

Compared row by row with published copies of them in November 2026.
"""


def _networks(blocks: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """From lines of a block and, behind it, what it is."""
    return tuple(ip_network(line.split()[0]) for line in blocks.strip().splitlines())


UNICAST = _networks("""
1.0.0.0/8   IPv4 unicast begins; below it is "this network" (RFC 791)
2.0.0.0/7
4.0.0.0/6
8.0.0.0/5
16.0.0.0/4
32.0.0.0/3
64.0.0.0/2
128.0.0.0/2
192.0.0.0/3  and ends; above it are multicast and what is reserved (RFC 1112)
2000::/3     global unicast (RFC 4291); nothing outside of it is given to anybody
""")

SPECIAL = _networks("""
0.0.0.0/8           this network (RFC 791)
10.0.0.0/8          private use (RFC 1918)
100.64.0.0/10       shared address space of providers (RFC 6598); Alibaba's metadata service
127.0.0.0/8         loopback (RFC 1122)
169.254.0.0/16      link local (RFC 3927); most clouds' metadata services
172.16.0.0/12       private use (RFC 1918)
192.0.0.0/24        IETF protocol assignments (RFC 6890); Oracle's metadata service
192.0.2.0/24        documentation (RFC 5737)
192.31.196.0/24     AS112 (RFC 7535)
192.52.193.0/24     AMT relays (RFC 7450)
192.88.99.0/24      6to4 relays, deprecated (RFC 7526)
192.168.0.0/16      private use (RFC 1918)
192.175.48.0/24     direct delegation AS112 (RFC 7534)
198.18.0.0/15       benchmarking (RFC 2544)
198.51.100.0/24     documentation (RFC 5737)
203.0.113.0/24      documentation (RFC 5737)
240.0.0.0/4         reserved (RFC 1112)
255.255.255.255/32  limited broadcast (RFC 919)
::/128              unspecified (RFC 4291)
::1/128             loopback (RFC 4291)
::ffff:0:0/96       IPv4-mapped (RFC 4291)
64:ff9b::/96        IPv4-IPv6 translation (RFC 6052)
64:ff9b:1::/48      local-use IPv4-IPv6 translation (RFC 8215)
100::/64            discard only (RFC 6666)
100:0:0:1::/64      dummy prefix (RFC 9780)
2001::/23           IETF protocol assignments (RFC 2928), Teredo and ORCHIDs among them
2001:db8::/32       documentation (RFC 3849)
2002::/16           6to4 (RFC 3056)
2620:4f:8000::/48   direct delegation AS112 (RFC 7534)
3fff::/20           documentation (RFC 9637)
5f00::/16           segment routing identifiers (RFC 9602)
fc00::/7            unique local (RFC 4193)
fe80::/10           link local (RFC 4291)
""")
"""Both registries whole: what they call globally reachable is for protocols, not for pages."""

NOT_IANAS = _networks("""
168.63.129.16/32    Azure's host service, on a public address
""")
"""What a provider reaches within at an address of the open internet."""
