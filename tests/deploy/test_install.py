"""The guide's commands, as they stand there, followed on a clean Debian with systemd: `./dev test --install`."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.migrate import FOLDER
from jobs.stores.schema import LATEST
from tests.support.clean_root import CleanRoot, clean_root
from tests.support.conditions import eventually
from tests.support.guide import commands_of
from tests.support.pages import blocks, page, program
from tests.support.processes import ROOT

SITE = "https://switchyard.example"
PROCESSES = ("switchyard-web@1", "switchyard-web@2", "switchyard-worker@1", "switchyard-steward")
UNITS = (*PROCESSES, "switchyard-migrate", "switchyard-web.socket", "switchyard.target")
MONITORING = ("prometheus", "prometheus-alertmanager")
ORIGIN = "/srv/switchyard"
OWN_TASK = "install -m 644 shop_tasks.py /opt/switchyard/"

# Jobs that do nothing, and as many of them as the test submits.
_MORE_SETTINGS = "JOBS_DIAGNOSTICS=1\nRATELIMIT_TIERS=admin.default=1000000/minute"
_OWN_CERTIFICATE = f"""
mkdir /etc/switchyard/tls && cd /etc/switchyard/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test -addext subjectAltName=DNS:{SITE[8:]} \\
    -keyout privkey.pem -out fullchain.pem
cp fullchain.pem /usr/local/share/ca-certificates/own.crt && update-ca-certificates
echo 127.0.0.1 localhost {SITE[8:]} > /etc/hosts
"""
_NEW_RELEASE = f"""
cd {ORIGIN}
echo 'CREATE TABLE of_the_new_release (id integer);' > {FOLDER.relative_to(ROOT)}/{LATEST + 1:04}_new.sql
sed -i 's/^LATEST = .*/LATEST = {LATEST + 1}/' jobs/stores/schema.py
sed -i 's/^Description=.*/Description=new/' deploy/systemd/switchyard-steward.service
git add . && git -c user.name=test -c user.email=test@localhost commit -qm new
"""
_KEPT = "$(cat /etc/switchyard/secrets/{})"


@pytest.mark.install
@pytest.mark.timeout(3600)
async def test_the_guide_leads_to_a_site_that_stays(tmp_path: Path) -> None:
    """From nothing to a site that is looked at, watched, given a task, stopped, upgraded under load, and taken back."""
    install, secrets, start, front, look = commands_of("On a host with systemd")
    (watch,) = commands_of("Watching it")
    packages = [name for block in (install, watch) for name in _packages(block)]
    async with clean_root([*packages, "ca-certificates"]) as host:
        _lay_the_tree(host, tmp_path)
        await host.bring_wheels(tmp_path, ROOT / "requirements.txt")
        await _follow(host, install)
        await host.run(f"cat >> /etc/switchyard/switchyard.env <<< '{_MORE_SETTINGS}'")
        await _follow(host, secrets)
        await _follow(host, start)
        await host.run(_OWN_CERTIFICATE)
        await _follow(host, front)
        await _is_well(host)
        await _is_looked_at(host, look)
        await _is_watched(host, watch)
        await _has_a_task_of_ones_own(host)
        await _drains(host)
        await _is_upgraded(host)
        await _is_taken_back(host)


async def _follow(host: CleanRoot, block: str) -> str:
    """Do what the guide says, in the tree, where its reader is."""
    return await host.run(f"export DEBIAN_FRONTEND=noninteractive; cd /opt/switchyard\n{block}")


def _packages(block: str) -> list[str]:
    found = re.search(r"^apt-get install -y (.*)$", block, re.MULTILINE)
    assert found, block
    return found[1].split()


def _lay_the_tree(host: CleanRoot, folder: Path) -> None:
    """Put ours there as it is, committed or not, as a clone of a repository that a release can be added to."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git, which tells what belongs to the tree")

    def said(*arguments: str) -> str:
        own = ("-c", f"safe.directory={ROOT}", "-c", "user.name=test", "-c", "user.email=test@localhost")
        return subprocess.run([git, *own, *arguments], capture_output=True, text=True, check=True).stdout

    origin, tree = folder / "origin", folder / "tree"
    for name in said("-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    said("init", "-q", str(origin))
    said("-C", str(origin), "add", ".")
    said("-C", str(origin), "commit", "-qm", "as it is")
    said("clone", "-q", str(origin), str(tree))
    said("-C", str(tree), "remote", "set-url", "origin", ORIGIN)
    shutil.copytree(origin, host.root / ORIGIN[1:])
    shutil.copytree(tree, host.root / "opt/switchyard")


async def _is_well(host: CleanRoot) -> None:
    """All units are active, nothing has failed, and a job that comes through nginx with TLS ends."""
    await host.run(f"systemctl is-active nginx redis-server postgresql {' '.join(UNITS)}")
    status = await host.run("systemctl status --no-pager 'switchyard*'")
    assert all(f"● {unit}" in status for unit in UNITS), status
    assert not re.search(r"\b(?:failed|error)\b", await host.run("systemctl --failed --no-legend"))
    assert (await _submitted(host, "diag.noop"))["state"] == "succeeded"


async def _is_looked_at(host: CleanRoot, block: str) -> None:
    """By the guide's command, with our own keys and trust in our own certificate."""
    for name in ("APP_ADMIN_API_KEY", "APP_METRICS_TOKEN"):
        block = block.replace("...", _KEPT.format(name), 1)
    trust = "export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
    await _follow(host, f'{trust}; switchyard() {{ .venv/bin/python -m app.cli "$@"; }}\n{block}')


async def _is_watched(host: CleanRoot, block: str) -> None:
    """Prometheus has the site's metrics, by its token, and knows whom to tell."""
    tokens = f"APP_METRICS_TOKEN={_KEPT.format('APP_METRICS_TOKEN')} WEBHOOK_TOKEN=none SMTP_PASSWORD=none"
    await _follow(host, f"export {tokens}\n{block}")
    await host.run(f"systemctl is-active {' '.join(MONITORING)}")

    async def scraped() -> bool:
        asked = "curl -sS http://127.0.0.1:9090/api/v1/query --data-urlencode 'query=switchyard_redis_up'"
        answer = await host.run(asked, fails=True)
        return answer.startswith("{") and [one["value"][1] for one in json.loads(answer)["data"]["result"]] == ["1"]

    await eventually(scraped, within_s=120)


async def _has_a_task_of_ones_own(host: CleanRoot) -> None:
    """By README's last step, with the task that it has shown."""
    (block,) = (block.text for block in blocks("README.md") if block.name[1] == OWN_TASK)
    (host.root / "root/shop_tasks.py").write_text(program(page("README.md"), "shop_tasks.py"), encoding="utf-8")
    await host.run(f"cd /root\n{block}")
    assert (await _submitted(host, "shop.greet", {"name": "Ada"}))["result"] == "Hello, Ada!"


async def _drains(host: CleanRoot) -> None:
    """Let what runs end when all is stopped; what comes back finds it done."""
    job = await _submitted(host, "diag.sleep", {"seconds": 5}, state="running")
    await host.run("systemctl stop switchyard.target")

    async def all_have_stopped() -> bool:
        states = await host.run(f"systemctl is-active {' '.join(PROCESSES)}", fails=True)
        return set(states.split()) == {"inactive"}

    await eventually(all_have_stopped, within_s=60)
    stopped_at = await host.run("date -u +%FT%TZ --date='+1 second'")
    await host.run("systemctl start switchyard.target")
    ended = await _job(host, job["id"], state="succeeded")
    assert ended["tries"] == 1
    assert ended["finished_at"] < stopped_at


async def _is_upgraded(host: CleanRoot) -> None:
    """To a release with a migration and a changed unit, while people submit: nobody is refused."""
    (block,) = commands_of("A new release")
    before = await _pids(host)
    await host.run(_NEW_RELEASE)
    async with _submitting(host):
        await _follow(host, block)
    assert not before & await _pids(host)
    await host.run(f"systemctl is-active {' '.join(UNITS)}")
    assert await host.run("systemctl show --value -p Description switchyard-steward") == "new"
    newest = "SELECT max(number) FROM schema_migrations"
    assert await host.run(f"runuser -u postgres -- psql -At switchyard -c '{newest}'") == str(LATEST + 1)
    assert (await _submitted(host, "diag.noop"))["state"] == "succeeded"


async def _is_taken_back(host: CleanRoot) -> None:
    """To the release before, which runs on the newer schema, while people submit."""
    block, *_ = commands_of("Going back")
    before = await _pids(host)
    async with _submitting(host):
        await _follow(host, block.replace("PREVIOUS", "HEAD^"))
    assert not before & await _pids(host)
    assert await host.run("systemctl show --value -p Description switchyard-steward") != "new"
    assert (await _submitted(host, "diag.noop"))["state"] == "succeeded"


@asynccontextmanager
async def _submitting(host: CleanRoot) -> AsyncIterator[None]:
    """Have people submit meanwhile, through nginx; AssertionError where one of them was refused."""
    await host.run("rm -f /run/over")
    command = f".venv/bin/python tests/support/submitting.py {SITE} {_KEPT.format('APP_ADMIN_API_KEY')} /run/over"
    trust = "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
    submitting = asyncio.create_task(host.run(f"cd /opt/switchyard; {trust} {command}"))
    try:
        yield
    finally:
        await host.run("touch /run/over")
        said = await submitting
    assert re.fullmatch(r"accepted: [1-9]\d+", said), said


async def _pids(host: CleanRoot) -> set[str]:
    """Give the ids of what runs."""
    return set((await host.run(f"systemctl show --value -p MainPID {' '.join(PROCESSES)}")).split())


async def _submitted(
    host: CleanRoot, task: str, args: Mapping[str, object] | None = None, *, state: str = "succeeded"
) -> Any:  # noqa: ANN401  JSON
    """Submit a job and wait until it is in this state; give it."""
    body = json.dumps({"task": task, "args": args or {}})
    job = await _asked(host, f"/api/jobs --json '{body}'")
    return await _job(host, job["id"], state=state)


async def _job(host: CleanRoot, job_id: str, *, state: str) -> Any:  # noqa: ANN401  JSON
    async def there() -> Any:  # noqa: ANN401  JSON
        job = await _asked(host, f"/api/jobs/{job_id}")
        return job if job["state"] == state else None

    return await eventually(there, within_s=60)


async def _asked(host: CleanRoot, what: str) -> Any:  # noqa: ANN401  JSON
    key = _KEPT.format("APP_ADMIN_API_KEY")
    return json.loads(await host.run(f'curl -sS --fail-with-body -H "Authorization: Bearer {key}" {SITE}{what}'))
