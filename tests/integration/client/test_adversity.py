"""What goes wrong between the command and a site is said, and told by the status: no traceback is ever shown."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.cli.settings import KEY, PATIENCE, URL
from app.client import Client
from tests.integration.client.test_terminal import COMMAND, environ_of
from tests.support.conditions import eventually
from tests.support.files import as_csv
from tests.support.nginx import nginx_before
from tests.support.people import new_user
from tests.support.site import ADMIN_KEY
from tests.support.standing import Said, StandingSite, said

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def asked(url: str, **more: str) -> Said:
    """Ask a site once for its queues."""
    return await asked_by({URL: url, **more})


async def asked_by(environ: Mapping[str, str]) -> Said:
    """Ask by these settings."""
    return await asyncio.to_thread(said, "queues", environ={KEY: ADMIN_KEY, PATIENCE: "0", **environ})


async def test_nobody_answers(unused_tcp_port: int) -> None:
    """For as long as the setting says."""
    told = await asked(f"http://127.0.0.1:{unused_tcp_port}")
    assert (told.status, told.out) == (4, "")
    assert told.err.startswith("Error: cannot connect: ")


async def test_a_site_that_is_not_trusted_or_closed(standing: StandingSite, tmp_path: Path) -> None:
    """Certificates that nobody vouches for or that are another's, TLS where none is spoken and the other way round.

    None of it is tried again. Whoever is closed says so.
    """
    async with nginx_before(standing.url, tmp_path) as nginx:
        url, trusting = f"https://127.0.0.1:{nginx.https_port}", {"SSL_CERT_FILE": f"{tmp_path}/tls/certificate.pem"}
        assert (await asked(url, **trusting)).status == 0
        unknown = await asked(url, SWITCHYARD_PATIENCE_S="600")
        assert (unknown.status, unknown.out) == (4, "")
        assert "the certificate is not trusted: self-signed certificate\n" in unknown.err
        assert "Name its certificate in SSL_CERT_FILE" in unknown.err
        another = await asked(f"https://localhost:{nginx.https_port}", SWITCHYARD_PATIENCE_S="600", **trusting)
        assert (another.status, "Hostname mismatch" in another.err) == (4, True)
        plain = await asked(f"https://127.0.0.1:{nginx.http_port}", SWITCHYARD_PATIENCE_S="600")
        assert (plain.status, "is it http:// instead of https://?" in plain.err) == (4, True)
        secure = await asked(f"http://127.0.0.1:{nginx.https_port}", SWITCHYARD_PATIENCE_S="600")
        assert (secure.status, "is this the address of a Switchyard?" in secure.err) == (4, True)
        nginx.maintenance.touch()
        closed = await asked(url, **trusting)
        assert (closed.status, closed.out) == (3, "")
        assert "Closed for maintenance: this site is being worked on" in closed.err
        assert "try again in " in closed.err


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({URL: "ftp://here"}, "write it like http://127.0.0.1:8000"),
        ({URL: "http://here:99999"}, "write it like http://127.0.0.1:8000"),
        ({KEY: "a key of mine\n"}, "the key has characters in it that no key has"),
        ({KEY: "schlüssel"}, "the key has characters in it that no key has"),
        ({"SSL_CERT_FILE": "/nothing"}, "SSL_CERT_FILE or SSL_CERT_DIR: No such file or directory"),
        ({"HTTP_PROXY": "gopher://there"}, "Unknown scheme for proxy URL"),
        ({PATIENCE: "soon"}, "is 'soon', which is no number of seconds"),
        ({PATIENCE: "-1"}, "is '-1', which is no number of seconds"),
        ({PATIENCE: "inf"}, "is 'inf', which is no number of seconds"),
    ],
    ids=str,
)
async def test_settings_that_are_wrong(environ: Mapping[str, str], why: str) -> None:
    """Nobody is asked."""
    told = await asked_by({URL: "http://127.0.0.1:1", **environ})
    assert (told.status, told.out) == (2, "")
    assert why in told.err


async def test_input_that_is_no_text(standing: StandingSite, tmp_path: Path) -> None:
    """Is refused before anything is sent; a file's name is not what counts of it."""
    binary = tmp_path / "b\udcffd.csv"
    binary.write_bytes(b"sku,day\n\xff,2026-11-01\n")
    for command in (("batch", str(binary), "--task", "diag.noop"), ("templates", "add", str(binary))):
        told = await standing.command(*command)
        assert (told.status, "is no text in UTF-8: invalid start byte, at byte 8" in told.err) == (2, True), told.err
    told = await standing.command("submit", "diag.fail", "message=\udcff")
    assert (told.status, told.err) == (2, "Error: an argument has bytes in it that are no text in UTF-8\n")
    assert (await standing.command("show", "\udcff")).status == 2
    binary.write_bytes(as_csv([("sku", "day"), ("a", "2026-11-01")]))
    source = ("--platform", "shop", "--shop", "s1", "--domain", "traffic", "--granularity", "daily")
    assert (await standing.command("upload", str(binary), *source, "--json")).object["name"] == "b\ufffdd.csv"


async def test_a_key_that_cannot_be_kept(standing: StandingSite) -> None:
    """Is not taken for kept; nor is anything asked where there is nobody to be asked."""
    asking = await standing.command("login", standing.url, key=None)
    assert (asking.status, "no terminal to ask on" in asking.err) == (2, True)
    (standing.home / ".config").touch()
    told = await standing.command("login", standing.url, "--with-key", "--stdin", stdin=f"{ADMIN_KEY}\n", key=None)
    assert (told.status, "config.toml cannot be written: " in told.err) == (2, True)
    (standing.home / ".config").unlink()


async def test_a_limit_is_waited_for_or_told(standing: StandingSite) -> None:
    """By the seconds that the site asks for: those that are within the patience are waited."""
    ann = (await new_user(standing.admin, "limited")).key
    await standing.command("limits", "set", "normal.default=30/minute burst 1")

    async def is_waited() -> bool:
        async with Client(standing.url, ann) as client:
            await client.queues.list()  # it takes the one token that there is
        told = await standing.command("queues", key=ann)
        assert told.status == 0, told.err
        return "trying again in 2 s" in told.err or "trying again in 1 s" in told.err

    await eventually(is_waited)
    await standing.command("limits", "set", "normal.default=1/hour")
    refused = [await standing.command("queues", key=ann) for _ in range(2)][-1]
    assert (refused.status, refused.out) == (3, "")
    assert "`switchyard limits` shows how your buckets stand\n  try again in 3" in refused.err
    await standing.command("limits", "set", "normal.default=1000000/minute")


@pytest.mark.parametrize("options", [("list",), ("list", "--json"), ("submit", "diag.noop", "--watch"), ("--help",)])
async def test_nobody_reads_any_more(standing: StandingSite, options: tuple[str, ...]) -> None:
    """As after `| head`: it ends, quietly, by the status that shells give for it."""
    await standing.command("submit", "diag.noop")
    reader, writer = os.pipe()
    os.close(reader)
    assert await _printing_to(writer, standing, options) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
@pytest.mark.parametrize("options", [("list", "--json"), ("list",), ("list", "--help")])
async def test_there_is_no_room_for_what_is_printed(standing: StandingSite, options: tuple[str, ...]) -> None:
    """It says so in a line."""
    await standing.command("submit", "diag.noop")
    full = os.open("/dev/full", os.O_WRONLY)
    told = "Error: the output cannot be written: No space left on device\n"
    assert await _printing_to(full, standing, options) == (1, told)


async def _printing_to(output: int, standing: StandingSite, options: tuple[str, ...]) -> tuple[int | None, str]:
    """Run a command that prints to this open file, which is closed; give its status and what it complains of."""
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, *options),
        env={**os.environ, **environ_of(standing)},
        stdout=output,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(output)
    _, complaints = await process.communicate()
    return process.returncode, complaints.decode()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
async def test_a_terminal_does_not_know_all_signs(standing: StandingSite, encoding: str) -> None:
    """They are escaped; in JSON they mean what they meant."""
    text = "Größe \N{CJK UNIFIED IDEOGRAPH-676F} \N{ROCKET}"
    job = (await standing.command("submit", "diag.fail", f"message={text}", "--delay", "3600", "--json")).object
    read = await printed(standing, "show", job["id"], "--json", PYTHONIOENCODING=encoding)
    assert json.loads(read)["args"] == {"message": text}
    assert "message" in await printed(standing, "show", job["id"], PYTHONIOENCODING=encoding)


async def printed(standing: StandingSite, *arguments: str, **environ: str) -> str:
    """Run a command as a program of its own that must end well; give what it prints."""
    told: Mapping[str, str] = {**os.environ, **environ_of(standing), **environ}
    process = await asyncio.create_subprocess_exec(*(*COMMAND, *arguments), env=told, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode(environ["PYTHONIOENCODING"])
