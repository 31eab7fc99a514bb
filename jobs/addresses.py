"""Where the stores are: their URLs, read once and in full. It connects to nothing.

No message repeats a URL or a part of one beside the names of its options: any other part may be a password's.
"""

import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

_REDIS_PORT, _SENTINEL_PORT, _POSTGRES_PORT = 6379, 26379, 5432
_LAST_PORT = 65_535
_REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
_POSTGRES_SCHEMES = ("postgresql", "postgres")
_REDIS_EXAMPLE = "redis://:password@host:6379/0"
_POSTGRES_EXAMPLE = "postgresql://user:password@host:5432/name"

_TLS_OPTIONS = ("ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
_REDIS_OPTIONS: Mapping[str, Collection[str]] = {
    "redis": ("db",),
    "rediss": ("db", *_TLS_OPTIONS),
    "unix": ("db", "username", "password"),
    "redis+sentinel": ("sentinel_username", "sentinel_password"),
    "rediss+sentinel": ("sentinel_username", "sentinel_password", *_TLS_OPTIONS),
}
_CERT_REQS = ("none", "optional", "required")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

# asyncpg would send a name that it does not know to the server as a setting, and the server refuse each connection.
_POSTGRES_OPTIONS = (
    *("host", "port", "dbname", "database", "user", "password", "passfile", "service", "target_session_attrs"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib"),
    *(
        "application_name",
        "options",
        "search_path",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    ),
)
_LIBPQ: Mapping[str, str] = {
    "database": "PGDATABASE",
    "dbname": "PGDATABASE",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "application_name": "PGAPPNAME",
    **{
        name: f"PG{name.upper()}"
        for name in (
            *("host", "port", "user", "password", "passfile", "service", "options", "krbsrvname", "gsslib"),
            *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslnegotiation"),
        )
    },
}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_POSTGRES_FILES = ("sslcert", "sslkey", "sslrootcert", "sslcrl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server proves who it is, and we to it. All is in PEM format; None: that of the system, or none."""

    cert_reqs: str = "required"
    check_hostname: bool = True
    ca_certs: str | None = None
    ca_data: str | None = None  # the same as a text
    certfile: str | None = None
    keyfile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """A Redis: at `path`, or at the one of `hosts`, or where the sentinels at `hosts` say that `service` is."""

    hosts: tuple[tuple[str, int], ...] = ()
    path: str | None = None
    service: str | None = None
    db: int = 0
    tls: Tls | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Url:
    """A URL taken apart, and what is wrong with it."""

    scheme: str
    user: str | None
    password: str | None
    hosts: tuple[tuple[str, int], ...]
    path: str
    options: dict[str, str]
    mistakes: list[str]

    def take(self, name: str) -> str | None:
        """Give an option's value; an empty one counts as not given."""
        return self.options.get(name) or None

    def one_of(self, name: str, words: Collection[str]) -> None:
        """Note a mistake where the option has another value."""
        if (value := self.take(name)) is not None and value.lower() not in words:
            self.mistakes.append(f"{name} must be one of: {', '.join(words)}")

    def refuse_mistakes(self) -> None:
        """Raise ValueError with all of them."""
        if self.mistakes:
            raise ValueError("; ".join(self.mistakes))


def redis_address(text: str) -> RedisAddress:
    """Read REDIS_URL; raises ValueError with every mistake, which repeats nothing of the text."""
    url = _split(text, _REDIS_SCHEMES, _REDIS_EXAMPLE, _redis_port)
    _check_names(url, _REDIS_OPTIONS[url.scheme])
    service, db = _place(url)
    tls = _tls(url) if url.scheme.startswith("rediss") else None
    if url.scheme == "unix" and url.path in {"", "/"}:
        url.mistakes.append("names no socket; example: unix:///run/redis.sock?db=0")
    if url.scheme != "unix" and not url.hosts:
        url.mistakes.append(f"names no host; example: {_REDIS_EXAMPLE}")
    if "sentinel" not in url.scheme and len(url.hosts) > 1:
        url.mistakes.append("names several hosts; only redis+sentinel:// and rediss+sentinel:// may")
    url.refuse_mistakes()
    return RedisAddress(
        hosts=url.hosts,
        path=unquote(url.path) if url.scheme == "unix" else None,
        service=service,
        db=db,
        tls=tls,
        username=url.user or url.take("username"),
        password=url.password or url.take("password"),
        sentinel_username=url.take("sentinel_username"),
        sentinel_password=url.take("sentinel_password"),
    )


def check_database_url(text: str) -> None:
    """Find what asyncpg would find at the first connection only; raises ValueError as `redis_address` does."""
    url = _split(text, _POSTGRES_SCHEMES, _POSTGRES_EXAMPLE, lambda _: _POSTGRES_PORT)
    if _netloc(text).count("@") > 1:
        url.mistakes.append("has an @ in its user or password: write %40 for it")
    _check_names(url, _POSTGRES_OPTIONS)
    url.one_of("sslmode", _SSL_MODES)
    for name in _POSTGRES_FILES:
        _readable(url, name)
    if (port := url.take("port")) is not None and not all(_is_port(part) for part in port.split(",")):
        url.mistakes.append(f"port must be a number from 1 to {_LAST_PORT}")
    url.refuse_mistakes()


def libpq_variables(text: str) -> Mapping[str, str]:
    """Give DATABASE_URL as the environment variables of PostgreSQL's own programs, the password among them.

    Options that are asyncpg's alone are left out. The text has passed `check_database_url`.
    """
    url = _split(text, _POSTGRES_SCHEMES, _POSTGRES_EXAMPLE, lambda _: _POSTGRES_PORT)
    found = {variable: url.take(option) for option, variable in _LIBPQ.items()}
    if url.hosts:
        hosts, ports = zip(*url.hosts, strict=True)
        found |= {"PGHOST": ",".join(hosts), "PGPORT": ",".join(map(str, ports))}
    stated = {"PGDATABASE": unquote(url.path.strip("/")), "PGUSER": url.user, "PGPASSWORD": url.password}
    found |= {variable: value for variable, value in stated.items() if value}
    return {variable: value for variable, value in found.items() if value}


def _split(text: str, schemes: Collection[str], example: str, port: Callable[[str], int]) -> _Url:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in schemes:
        raise ValueError(f"begins with none of {', '.join(f'{s}://' for s in schemes)}; example: {example}")
    url = _Url(scheme.lower(), None, None, (), "", {}, [])
    rest, _, query = rest.partition("?")
    netloc, slash, path = rest.partition("/")
    url.path = slash + path
    if "#" in text or "@" in path or "@" in query:
        # What follows would be taken for a path, options or a fragment, and the password for a host.
        url.mistakes.append("has one of / ? # @ where it ends a part: write %2F %3F %23 %40 for them in a password")
        url.refuse_mistakes()
    userinfo, _, hosts = netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    url.user, url.password = unquote(user) or None, unquote(password) or None
    url.hosts = tuple(_host(part, port(url.scheme), url.mistakes) for part in hosts.split(",")) if hosts else ()
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if not equals or unquote(name) in url.options:
            url.mistakes.append("has options that are not of the form name=value&name=value, each name once")
        url.options[unquote(name)] = unquote(value)
    return url


def _netloc(text: str) -> str:
    return text.partition("://")[2].partition("?")[0].partition("/")[0]


def _redis_port(scheme: str) -> int:
    return _SENTINEL_PORT if "sentinel" in scheme else _REDIS_PORT


def _host(text: str, port: int, mistakes: list[str]) -> tuple[str, int]:
    """Read `host`, `host:port` or, of IPv6, `[host]:port`."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        is_whole = bool(bracket) and (not rest or rest.startswith(":"))
        number = rest[1:]
    else:
        host, _, number = text.partition(":")
        is_whole = True
    if not host or not is_whole:
        mistakes.append("names a host that cannot be read; of IPv6 write [address]:port")
    if number and not _is_port(number):
        mistakes.append(f"has a port that is no number from 1 to {_LAST_PORT}; write %3A for a : in a password")
        number = ""
    return unquote(host), int(number or port)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) <= _LAST_PORT


def _check_names(url: _Url, known: Collection[str]) -> None:
    for name in url.options.keys() - set(known):
        # A name that is none may be the rest of a password.
        shown = name if name.isidentifier() else "of this name"
        url.mistakes.append(f"has no option {shown}; {url.scheme}:// takes: {', '.join(known)}")


def _place(url: _Url) -> tuple[str | None, int]:
    """Read the master's name and the database's number."""
    parts = [unquote(part) for part in url.path.strip("/").split("/") if part] if url.scheme != "unix" else []
    service = None
    if "sentinel" in url.scheme:
        if not parts:
            url.mistakes.append("names no master; example: redis+sentinel://host1:26379,host2:26379/mymaster")
        service, parts = "".join(parts[:1]), parts[1:]
    option = url.take("db")
    numbers = [*parts, *([option] if option is not None else [])]
    if len(numbers) > 1 or not all(number.isascii() and number.isdecimal() for number in numbers):
        url.mistakes.append("must name its database by one number, such as /0")
        return service, 0
    return service, int(numbers[0]) if numbers else 0


def _tls(url: _Url) -> Tls:
    url.one_of("ssl_cert_reqs", _CERT_REQS)
    url.one_of("ssl_check_hostname", _TRUTH)
    wanted = (url.take("ssl_cert_reqs") or "required").lower()
    checked = _TRUTH.get((url.take("ssl_check_hostname") or "").lower(), wanted != "none")
    if checked and wanted == "none":
        url.mistakes.append("ssl_check_hostname needs a certificate: set ssl_cert_reqs=required")
    if bool(url.take("ssl_certfile")) != bool(url.take("ssl_keyfile")):
        url.mistakes.append("ssl_certfile and ssl_keyfile need each other; they may name the same file")
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        _readable(url, name)
    tls = Tls(
        cert_reqs=wanted,
        check_hostname=checked,
        ca_certs=url.take("ssl_ca_certs"),
        certfile=url.take("ssl_certfile"),
        keyfile=url.take("ssl_keyfile"),
    )
    if not url.mistakes:
        _check_files(tls, url.mistakes)
    return tls


def _readable(url: _Url, name: str) -> None:
    if (path := url.take(name)) is None:
        return
    try:
        with open(path, "rb"):  # noqa: PTH123  it may not be a path at all
            pass
    except (OSError, ValueError):
        url.mistakes.append(f"{name} names no file that can be read")


def _check_files(tls: Tls, mistakes: list[str]) -> None:
    """Load the certificates, as each connection will."""
    context = ssl.create_default_context()
    try:
        if tls.ca_certs:
            context.load_verify_locations(cafile=tls.ca_certs)
    except ssl.SSLError:
        mistakes.append("ssl_ca_certs holds no certificates in PEM format")
    try:
        if tls.certfile:
            # Without a password of ours OpenSSL would ask for one at the terminal.
            context.load_cert_chain(tls.certfile, tls.keyfile, password="")
    except (ssl.SSLError, ValueError):
        mistakes.append("ssl_certfile and ssl_keyfile hold no certificate and its key, unencrypted, in PEM format")
