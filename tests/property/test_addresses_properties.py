"""Whatever is sent along, an origin is the peer's own, or one that a trusted proxy has written."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from app.addresses import Origins

_ADDRESSES = st.ip_addresses().map(str)
_NAMES = st.sampled_from([b"x-forwarded-for", b"forwarded", b"x-real-ip", b"x-forwarded-host"])
_JUNK = st.one_of(
    _ADDRESSES,
    _ADDRESSES.map(lambda address: f"for={address}"),
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.lists(_ADDRESSES, max_size=4).map(", ".join),
)
_HEADERS = st.lists(st.tuples(_NAMES, _JUNK.map(lambda text: text.encode("latin-1"))), max_size=6)
_TRUSTED = ("10.0.0.0/8", "fd00::/8")
_CLIENTS = st.ip_addresses().filter(
    lambda one: (
        not any(one in ipaddress.ip_network(network) for network in _TRUSTED)
        and not (isinstance(one, ipaddress.IPv6Address) and (one.ipv4_mapped or one.scope_id))
    )
)


@given(headers=_HEADERS, peer=_CLIENTS, header=st.sampled_from(["X-Forwarded-For", "Forwarded"]))
def test_what_a_stranger_sends_changes_nothing(
    headers: list[tuple[bytes, bytes]], peer: ipaddress.IPv4Address, header: str
) -> None:
    """Neither where nobody is trusted, nor where others are."""
    scope = {"type": "http", "client": (str(peer), 1)}
    for trusted in ((), _TRUSTED):
        origins = Origins(trusted, header=header)
        assert origins.of({**scope, "headers": headers}) == origins.of({**scope, "headers": []})
        assert origins.of({**scope, "headers": headers}).address == str(peer)


@given(headers=_HEADERS, client=_CLIENTS, forged=_JUNK)
def test_behind_a_proxy_the_client_is_who_the_proxy_says(
    headers: list[tuple[bytes, bytes]], client: ipaddress.IPv4Address, forged: str
) -> None:
    """Whatever stands before that, and in whatever other headers."""
    others = [(name, value) for name, value in headers if name != b"x-forwarded-for"]
    written = (b"x-forwarded-for", f"{forged[:1000]}, {client}".encode("latin-1"))
    origins = Origins(_TRUSTED, header="X-Forwarded-For")
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": [*others, written]}
    assert origins.of(scope).address == str(client)


@given(headers=_HEADERS)
def test_no_header_breaks_it(headers: list[tuple[bytes, bytes]]) -> None:
    """An address comes out, whatever goes in."""
    for header in ("X-Forwarded-For", "Forwarded"):
        scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": headers}
        address = Origins(_TRUSTED, header=header).of(scope).address
        assert address is not None
        ipaddress.ip_address(address)
