"""Where a request comes from: its peer, or what a trusted proxy says of that. Nobody else is believed."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.types import Scope

from app.connection import connection_of

UNIX: Final = "unix"  # among the trusted: whoever calls through a Unix socket

_IPV6_PREFIX: Final = 64  # what one customer gets, at least
_LONGEST = 4_096  # of the headers of proxies together; what is longer no proxy has written
_LOCAL = "local"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from. `address` is None where it has none; `network` is `ip:<what is limited together>`."""

    address: str | None
    network: str


class Origins:
    """Finds out where requests come from.

    A peer that is not trusted is the origin itself, whatever it sends. A trusted one has written the last entry of the
    header: entries are read from the right up to the first that is not trusted either. Where one cannot be read, the
    peer is the origin.
    """

    def __init__(self, trusted: Sequence[str], *, header: str) -> None:
        """Take networks as `read_networks` takes them; the header that they write, X-Forwarded-For or Forwarded."""
        self._networks = read_networks(trusted)
        self._trusts_unix = UNIX in trusted
        self._header = header.lower().encode()
        self._read = _forwarded if self._header == b"forwarded" else _listed
        self._found = lru_cache(maxsize=4_096)(self._find)

    @property
    def trusts_everybody(self) -> bool:
        """Whether some network has all addresses in it: then anybody can say to be anybody."""
        return any(network.prefixlen == 0 for network in self._networks)

    def of(self, scope: Scope) -> Origin:
        """Give the origin of a request."""
        peer = peer_of(scope)
        if not (self._networks or self._trusts_unix):
            return self._found(peer, "")
        values = [value for name, value in scope["headers"] if name == self._header]
        return self._found(peer, b",".join(values).decode("latin-1") if values else "")

    def _find(self, peer: str | None, said: str) -> Origin:
        own = None if peer is None else read_address(peer)
        if said and len(said) <= _LONGEST and self._is_trusted(own):
            own = self._first_untrusted(said) or own
        if own is None:
            return Origin(address=None, network=f"ip:{_LOCAL}")
        return Origin(address=str(own), network=f"ip:{network_of(own)}")

    def _is_trusted(self, address: Address | None) -> bool:
        if address is None:
            return self._trusts_unix
        return any(address in network for network in self._networks)

    def _first_untrusted(self, said: str) -> Address | None:
        address = None
        for entry in reversed(self._read(said)):
            address = None if entry is None else read_address(entry)
            if address is None or not self._is_trusted(address):
                return address
        return address


def peer_of(scope: Scope) -> str | None:
    """Give the address at the other end of a request's connection; None where it has none, as on a Unix socket.

    The connection itself is asked where it is known: servers let their own headers of proxies change `client`.
    """
    transport = connection_of(scope)
    if transport is not None:
        peer = transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else None
    client = scope.get("client")
    return str(client[0]) if client else None


def read_address(text: str) -> Address | None:
    """Read an address, with or without a port; one of IPv4 in the dress of IPv6 is one of IPv4, zones are left out."""
    text = text.strip()
    if text.startswith("["):
        text, closed, port = text[1:].partition("]")
        if not closed or not _is_port(port):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


def network_of(address: Address) -> str:
    """Give what is limited together: an address of IPv4, a /64 of IPv6."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((int(address) >> _IPV6_PREFIX << _IPV6_PREFIX, _IPV6_PREFIX)))


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read networks such as 10.0.0.0/8, and single addresses; raises ValueError. `unix` is left out."""
    return tuple(ipaddress.ip_network(text) for text in texts if text != UNIX)


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isdecimal() and text.isascii())


def _listed(said: str) -> list[str | None]:
    """Split X-Forwarded-For."""
    return list(said.split(","))


def _forwarded(said: str) -> list[str | None]:
    """Give the `for` of each element of Forwarded (RFC 7239), None where one has none or several.

    An address has neither comma nor semicolon in it: what is quoted around those is no address, and ends as one that
    cannot be read.
    """
    return [_for(element) for element in said.split(",")]


def _for(element: str) -> str | None:
    found = []
    for pair in element.split(";"):
        name, _, value = pair.strip().partition("=")
        if name.strip().lower() == "for":
            value = value.strip()
            found.append(value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value)
    return found[0] if len(found) == 1 else None
