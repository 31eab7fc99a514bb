"""The site file of deploy/nginx in a real nginx, with ports, certificate and folders of the test's own."""

import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

import httpx

from tests.support.ports import free_ports
from tests.support.processes import Running, started
from tests.support.programs import program_of
from tests.support.site import ADMIN_KEY
from tests.support.tls import certificate_for

SITE = Path(__file__).resolve().parents[2] / "deploy/nginx/switchyard.conf"
NAME = "switchyard.example"

_MAIN = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """An nginx in front of a web process. `maintenance` is the file that closes the site."""

    server: Running
    http_port: int
    https_port: int
    maintenance: Path
    trust: ssl.SSLContext

    def client(self, address: str = "127.0.0.1", *, key: str | None = ADMIN_KEY) -> httpx.AsyncClient:
        """Make a client that calls from this address of the machine's own."""
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=self.trust, local_address=address),
            base_url=f"https://127.0.0.1:{self.https_port}",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=30,
        )


@asynccontextmanager
async def nginx_before(url: str, folder: Path, *, days: int = 30) -> AsyncIterator[Nginx]:
    """Start one in front of the application at `url`, after it has found its configuration without a fault.

    Its certificate is good for so many days.
    """
    program = program_of("nginx-light", "nginx")
    own = certificate_for(folder / "tls", names="IP:127.0.0.1", days=days)
    http_port, https_port = free_ports(2)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{http_port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https_port} ssl http2;",
        "listen [::]:80;": "",
        "listen [::]:443 ssl http2;": "",
        "/etc/switchyard/tls/fullchain.pem": str(own.certificate),
        "/etc/switchyard/tls/privkey.pem": str(own.key),
        "/etc/switchyard/maintenance": str(folder / "maintenance"),
        "/var/cache/nginx-switchyard": str(folder / "cache"),
        "127.0.0.1:8000": url.removeprefix("http://"),
    }
    command = _configured(program, folder, changes)
    async with started(command, {}) as server:
        await server.says("start worker process ")
        yield Nginx(
            server=server,
            http_port=http_port,
            https_port=https_port,
            maintenance=folder / "maintenance",
            trust=ssl.create_default_context(cafile=own.certificate),
        )


def _configured(program: str, folder: Path, changes: Mapping[str, str]) -> list[str]:
    """Write the configuration and let nginx look for faults; give the command that runs it."""
    text = SITE.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    (folder / "site.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=getuser()), encoding="utf-8")
    command = [program, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]
    tested = subprocess.run([*command, "-t", "-q"], capture_output=True, text=True, check=False)
    assert (tested.returncode, tested.stderr) == (0, "")
    return command
