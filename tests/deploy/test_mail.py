"""The mails that Alertmanager writes, with its shipped templates and a password from a file."""

import shutil
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from tests.support.mailbox import Mailbox, open_mailbox
from tests.support.monitoring import alertmanager, write
from tests.support.rules import ALERTMANAGER, load

PASSWORD = "not a real one"  # noqa: S105  the test's own
LONG = {
    "labels": {
        "alertname": "SwitchyardQueueLong",
        "severity": "warning",
        "component": "queue",
        "site": "switchyard",
        "queue": "data_sync",
    },
    "annotations": {
        "summary": "Many jobs wait in data_sync",
        "description": "Ready to be run: 101.",
        "runbook": "deploy/README.md#switchyardqueuelong",
    },
    "startsAt": "2026-01-02T03:04:05Z",
}
STOCK = {
    "labels": {"alertname": "SwitchyardLowStock", "severity": "info", "component": "stock", "site": "switchyard"},
    "annotations": {"summary": "Items are below their safety stock", "description": "Items: 3.", "runbook": "there"},
}


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """Open one that only Alertmanager's user may send to."""
    async with open_mailbox(load(ALERTMANAGER)["global"]["smtp_auth_username"], PASSWORD) as mailbox:
        yield mailbox


@pytest.fixture
async def server(mailbox: Mailbox, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run an Alertmanager that writes at once, to nobody outside."""
    config = load(ALERTMANAGER)
    config["global"] |= {
        "smtp_smarthost": f"127.0.0.1:{mailbox.port}",
        "smtp_require_tls": False,
        "smtp_auth_password_file": str(write(tmp_path / "password", PASSWORD)),
    }
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    write(tmp_path / "webhook-token", "")
    shutil.copy(ALERTMANAGER.with_name("mail.tmpl"), tmp_path)
    async with alertmanager(tmp_path, config) as client:
        yield client


async def fire(server: httpx.AsyncClient, *alerts: object) -> None:
    """Tell Alertmanager of alerts as Prometheus does."""
    answer = await server.post("/api/v2/alerts", json=list(alerts))
    assert answer.status_code == 200, answer.text


async def test_a_mail_says_what_happens_and_where_it_is_written_what_to_do(
    server: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    """In plain text, to the operators; and another one when it is over."""
    await fire(server, LONG)
    mail = await mailbox.next()
    assert mail["To"] == "operators@switchyard.example"
    assert mail["Subject"] == "switchyard: Many jobs wait in data_sync"
    assert _text(mail).splitlines() == [
        "SwitchyardQueueLong (warning, queue)",
        "Many jobs wait in data_sync. Ready to be run: 101.",
        "Since 2026-01-02 03:04:05 UTC. What to do: deploy/README.md#switchyardqueuelong",
    ]
    await fire(server, LONG | {"endsAt": "2026-01-02T03:09:05Z"})
    over = await mailbox.next()
    assert over["Subject"] == "switchyard: over: Many jobs wait in data_sync"
    assert _text(over).startswith("Over:\n\nSwitchyardQueueLong")


async def test_who_buys_is_told_of_stock(server: httpx.AsyncClient, mailbox: Mailbox) -> None:
    """And not the operators."""
    await fire(server, STOCK)
    assert (await mailbox.next())["To"] == "purchasing@switchyard.example"


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    assert body is not None
    text: str = body.get_content()
    return text.strip().replace("\r\n", "\n")
