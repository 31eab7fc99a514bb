"""Whether the site's address is free, and how to ask it; the server itself binds it later."""

import errno
import socket

from deploy.local.errors import DevError


def check_free(host: str, port: str) -> None:
    """`DevError` with the mend unless a server could listen there now."""
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise DevError(f"PORT={port} is no port: give a number from 1 to 65535")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except socket.gaierror:
        raise DevError(f"HOST={host} is no address of this machine: unset HOST") from None
    except OSError as error:
        raise DevError(_explain(error, host, int(port))) from None


def host_to_ask(host: str) -> str:
    """Return the address by which a client on this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - replaced, not bound


def site_url(host: str, port: str) -> str:
    """Return the site's address for a browser on this machine."""
    reached = host_to_ask(host)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        mend = f"PORT={port + 1 if port < 2**16 - 1 else 8000} ./dev run"
        return f"port {port} on {host} is taken by another program: stop it, or choose another port: {mend}"
    if error.errno == errno.EACCES:
        return f"port {port} needs privileges: choose another: PORT=8000 ./dev run"
    return f"cannot listen on HOST={host} PORT={port}: {error.strerror}"
