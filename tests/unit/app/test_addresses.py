"""Where requests come from: what proxies say counts only where they are trusted."""

import pytest
from starlette.types import Scope

from app.addresses import Origins

PROXY = "10.0.0.7"


def _scope(peer: str | None, **headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "headers": raw, "client": None if peer is None else (peer, 1)}


def _of(peer: str | None, trusted: str = "10.0.0.0/8", header: str = "X-Forwarded-For", **headers: str) -> str | None:
    return Origins(tuple(trusted.split()), header=header).of(_scope(peer, **headers)).address


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.1, 192.0.2.1", "192.0.2.1"),
        ("198.51.100.1, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("10.0.0.2, 10.0.0.3", "10.0.0.2"),
        ("198.51.100.1, unknown", PROXY),
        ("198.51.100.1, ", PROXY),
        ("198.51.100.1, 192.0.2.1:http", PROXY),
        ("198.51.100.1, [2001:db8::1", PROXY),
        ("198.51.100.1 192.0.2.1", PROXY),
        ("192.0.2.999", PROXY),
        ("", PROXY),
        ("1" * 5_000, PROXY),
    ],
)
def test_a_trusted_proxy_is_believed_as_far_as_it_can_be_read(said: str, origin: str) -> None:
    """From the right to the first address that is not trusted; what is no address makes the peer count."""
    assert _of(PROXY, x_forwarded_for=said) == origin


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ('for=198.51.100.1, For="[2001:db8::1]:4711";proto=https;by=10.0.0.7', "2001:db8::1"),
        ("for=198.51.100.1, for=_hidden", PROXY),
        ("for=198.51.100.1, proto=https", PROXY),
        ("for=198.51.100.1;for=192.0.2.1", PROXY),
        ('for="198.51.100.1, for=192.0.2.1"', PROXY),
        ("192.0.2.1", PROXY),
    ],
)
def test_so_it_is_in_the_words_of_rfc_7239(said: str, origin: str) -> None:
    """Where the settings say that the proxy writes that header."""
    assert _of(PROXY, header="Forwarded", forwarded=said, x_forwarded_for="203.0.113.9") == origin
    assert _of(PROXY, forwarded="for=203.0.113.9", x_forwarded_for="192.0.2.1") == "192.0.2.1"


def test_nobody_is_trusted_unless_the_settings_say_so() -> None:
    """Nor one whose network they do not name."""
    assert _of("192.0.2.1", trusted="", x_forwarded_for="198.51.100.1") == "192.0.2.1"
    assert _of("192.0.2.1", x_forwarded_for="198.51.100.1") == "192.0.2.1"


def test_who_calls_through_a_socket_has_no_address() -> None:
    """All of them are limited together, unless their proxy is trusted to tell them apart."""
    assert Origins((), header="X-Forwarded-For").of(_scope(None)).network == "ip:local"
    assert _of(None, x_forwarded_for="192.0.2.1") is None
    assert _of(None, trusted="unix", x_forwarded_for="192.0.2.1") == "192.0.2.1"


def test_several_headers_of_a_name_are_one() -> None:
    """In their order."""
    scope = _scope(PROXY)
    scope["headers"] = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"192.0.2.1, 10.0.0.2")]
    assert Origins(("10.0.0.0/8",), header="X-Forwarded-For").of(scope).address == "192.0.2.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "ip:192.0.2.1"),
        ("::ffff:192.0.2.1", "ip:192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "ip:2001:db8:0:1::/64"),
        ("2001:db8:0:1::9%eth0", "ip:2001:db8:0:1::/64"),
    ],
)
def test_what_is_limited_together(address: str, network: str) -> None:
    """An address of IPv4, and the /64 of one of IPv6, since one customer has all of that."""
    assert Origins((), header="X-Forwarded-For").of(_scope(address)).network == network


def test_the_connection_itself_is_asked_where_it_is_known() -> None:
    """A server that believes headers by itself, as uvicorn does on 127.0.0.1, has put something else into `client`."""

    class Transport:
        def get_extra_info(self, name: str) -> object:
            return ("127.0.0.1", 1) if name == "peername" else None

    scope = {**_scope("198.51.100.1"), "state": {"transport": Transport()}}
    assert Origins((), header="X-Forwarded-For").of(scope).address == "127.0.0.1"


@pytest.mark.parametrize(("trusted", "everybody"), [("0.0.0.0/0", True), ("::/0", True), ("10.0.0.0/8", False)])
def test_it_is_known_where_everybody_is_trusted(trusted: str, *, everybody: bool) -> None:
    """So that somebody can be warned."""
    assert Origins((trusted,), header="X-Forwarded-For").trusts_everybody is everybody
