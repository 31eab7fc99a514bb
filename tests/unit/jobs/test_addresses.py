"""The stores' URLs: what they say, and what is said of wrong ones."""

import subprocess
from pathlib import Path

import pytest

from jobs.addresses import RedisAddress, Tls, check_database_url, redis_address
from jobs.errors import SettingsError
from jobs.settings import load_settings
from tests.support.programs import program_of

GOOD = {"DATABASE_URL": "postgresql://u:secret@h/d", "REDIS_URL": "redis://:secret@h:1/0"}

# All that a URL gives a meaning to, and a percent sign that is one.
ODD, ODD_ENCODED = "a@b/c%d:e?f#g +é", "a%40b%2Fc%25d%3Ae%3Ff%23g%20+%C3%A9"
HIDDEN = "h1dd3n"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", RedisAddress(hosts=(("h", 6379),))),
        ("redis://h:1/2", RedisAddress(hosts=(("h", 1),), db=2)),
        ("redis://h?db=3", RedisAddress(hosts=(("h", 6379),), db=3)),
        (f"redis://:{HIDDEN}@h", RedisAddress(hosts=(("h", 6379),), password=HIDDEN)),
        (f"redis://u:{HIDDEN}@[::1]:7/", RedisAddress(hosts=(("::1", 7),), username="u", password=HIDDEN)),
        ("redis://[fe80::1]", RedisAddress(hosts=(("fe80::1", 6379),))),
        (f"redis://u:{ODD_ENCODED}@h", RedisAddress(hosts=(("h", 6379),), username="u", password=ODD)),
        ("REDISS://h", RedisAddress(hosts=(("h", 6379),), tls=Tls())),
        (
            "rediss://h?ssl_cert_reqs=none",
            RedisAddress(hosts=(("h", 6379),), tls=Tls(cert_reqs="none", check_hostname=False)),
        ),
        ("rediss://h?ssl_check_hostname=No", RedisAddress(hosts=(("h", 6379),), tls=Tls(check_hostname=False))),
        ("unix:///run/r%20s.sock?db=4", RedisAddress(path="/run/r s.sock", db=4)),
        (f"unix://u:{HIDDEN}@/run/r.sock", RedisAddress(path="/run/r.sock", username="u", password=HIDDEN)),
        (f"unix:///r.sock?password={ODD_ENCODED}", RedisAddress(path="/r.sock", password=ODD)),
        ("redis+sentinel://a,b:1/m", RedisAddress(hosts=(("a", 26379), ("b", 1)), service="m")),
        (
            f"redis+sentinel://u:{ODD_ENCODED}@a/m/5?sentinel_username=s&sentinel_password={ODD_ENCODED}",
            RedisAddress(
                hosts=(("a", 26379),),
                service="m",
                db=5,
                username="u",
                password=ODD,
                sentinel_username="s",
                sentinel_password=ODD,
            ),
        ),
        (
            "rediss+sentinel://a/m?ssl_cert_reqs=optional",
            RedisAddress(hosts=(("a", 26379),), service="m", tls=Tls(cert_reqs="optional")),
        ),
    ],
)
def test_each_form_is_read(url: str, address: RedisAddress) -> None:
    """With its defaults, and what is percent-encoded decoded once."""
    assert redis_address(url) == address


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("h1dd3n", "begins with none of redis://"),
        ("http://u:h1dd3n@h", "begins with none of redis://"),
        ("redis://u:h1dd3n@", "names no host"),
        ("redis://u:h1dd3n@h:x", "has a port that is no number"),
        ("redis://u:h1dd3n@h:65536", "has a port that is no number"),
        ("redis://u:h1dd3n@[::1", "a host that cannot be read"),
        ("redis://u:h1dd3n/x@h", "write %2F"),
        ("redis://u:h1dd3n?x@h", "write %2F %3F"),
        ("redis://u:h1dd3n#x@h", "%23"),
        ("redis://u:h1dd3n@h/nine", "one number"),
        ("redis://u:h1dd3n@h/1?db=2", "one number"),
        ("redis://u:h1dd3n@h1,h2", "names several hosts"),
        ("redis://u:h1dd3n@h?ssl_cert_reqs=none", "has no option ssl_cert_reqs; redis:// takes: db"),
        ("rediss://u:h1dd3n@h?ssl_cert_req=none", "has no option ssl_cert_req; rediss:// takes: db, ssl_cert_reqs"),
        ("redis://u:p@h?socket_timeout=1", "has no option socket_timeout"),
        ("redis://u:p@h?db", "name=value"),
        ("redis://u:p@h?db=1&db=1", "each name once"),
        ("rediss://u:h1dd3n@h?ssl_cert_reqs=h1dd3n", "ssl_cert_reqs must be one of: none, optional, required"),
        ("rediss://h?ssl_check_hostname=h1dd3n", "ssl_check_hostname must be one of"),
        ("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=yes", "ssl_check_hostname needs a certificate"),
        ("rediss://h?ssl_ca_certs=/h1dd3n", "ssl_ca_certs names no file that can be read"),
        (f"rediss://h?ssl_ca_certs={__file__}", "ssl_ca_certs holds no certificates"),
        (f"rediss://h?ssl_certfile={__file__}", "need each other"),
        (f"rediss://h?ssl_certfile={__file__}&ssl_keyfile={__file__}", "hold no certificate and its key"),
        ("unix://u:h1dd3n@", "names no socket"),
        ("redis+sentinel://u:h1dd3n@h", "names no master"),
        ("redis+sentinel://h/m/x", "one number"),
        ("redis+sentinel://h?sentinel_pasword=h1dd3n", "has no option sentinel_pasword"),
    ],
)
def test_a_wrong_redis_url_stops_the_start(url: str, says: str) -> None:
    """The setting and the option are named, the mend is said, and nothing that may be a password is repeated."""
    with pytest.raises(SettingsError) as caught:
        load_settings({**GOOD, "REDIS_URL": url})
    assert str(caught.value).startswith("REDIS_URL: ")
    assert says in str(caught.value)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://h/d",
        "postgresql:///d?host=/tmp/s&port=5433",
        f"postgresql://u:{ODD_ENCODED}@h:5432/d",
        "postgresql://u@h1:1,h2:2/d?target_session_attrs=primary",
        "postgresql://h/d?sslmode=verify-full&statement_timeout=5000",
        "postgresql://[::1]:5/d",
    ],
)
def test_each_form_of_a_database_url_passes(url: str) -> None:
    """As asyncpg takes it."""
    check_database_url(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:h1dd3n@h/d", "begins with none of postgresql://, postgres://"),
        ("postgresql://u:h1dd3n@x@h/d", "write %40"),
        ("postgresql://u:h1dd3n/x@h/d", "write %2F"),
        ("postgresql://u:h1dd3n@h:x/d", "has a port that is no number"),
        ("postgresql://u:h1dd3n@h/d?sslmod=require", "has no option sslmod; postgresql:// takes: host"),
        ("postgresql://u:h1dd3n@h/d?sslmode=h1dd3n", "sslmode must be one of: disable, allow"),
        ("postgresql://u:h1dd3n@h/d?sslrootcert=/h1dd3n", "sslrootcert names no file"),
        ("postgresql:///d?port=x", "port must be a number"),
    ],
)
def test_a_wrong_database_url_stops_the_start(url: str, says: str) -> None:
    """Also where asyncpg would find it at the first connection only."""
    with pytest.raises(SettingsError) as caught:
        load_settings({**GOOD, "DATABASE_URL": url})
    assert str(caught.value).startswith("DATABASE_URL: ")
    assert says in str(caught.value)
    assert HIDDEN not in str(caught.value)


def test_all_mistakes_are_listed_at_once() -> None:
    """Those of both URLs, and all of one."""
    with pytest.raises(SettingsError) as caught:
        load_settings({"DATABASE_URL": "postgresql://h/d?a=1&sslmode=x", "REDIS_URL": "rediss://h:0/x?ssl_cert_reqs=x"})
    for says in ("no option a", "sslmode must", "no number from", "one number", "ssl_cert_reqs must"):
        assert says in str(caught.value)


def test_no_repr_shows_a_password() -> None:
    """Whoever prints an address sees where it leads."""
    address = redis_address(f"redis+sentinel://u:{HIDDEN}@a/m?sentinel_password={HIDDEN}")
    assert HIDDEN not in repr(address)
    assert "service='m'" in repr(address)


def test_a_key_that_needs_a_password_is_refused(tmp_path: Path) -> None:
    """Nobody is asked for one at a terminal."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [program_of("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=localhost"]
    command += ["-passout", "pass:abcd", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(ValueError, match="unencrypted"):
        redis_address(f"rediss://h?ssl_certfile={certificate}&ssl_keyfile={key}")
