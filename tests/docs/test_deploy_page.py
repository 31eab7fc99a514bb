"""What deploy/README.md says of files, units, settings and numbers is so."""

import re
from pathlib import Path

import pytest

from tests.docs.test_settings import OURS, PLATFORM

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (DEPLOY / "README.md").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx/switchyard.conf").read_text(encoding="utf-8")


def test_the_readme_leads_to_it() -> None:
    """By a link."""
    assert "](deploy/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_files_are_there() -> None:
    """Those that a command names from the root of the tree, and those that the text names from here."""
    named = set(re.findall(r"deploy/([\w./-]+\w)", PAGE)) | set(
        re.findall(r"`((?:systemd|nginx|redis|postgresql|containers)/[\w./-]*)`", PAGE)
    )
    assert {"redis/users.acl", "systemd/sysusers.conf", "nginx/switchyard.conf"} <= named
    missing = [name for name in named if not (DEPLOY / name).exists() and not list(DEPLOY.glob(f"{name}*"))]
    assert missing == []


def test_its_units_are_there() -> None:
    """Under the names that systemctl is given."""
    named = set(re.findall(r"\bswitchyard-[a-z]+(?:@|\.socket)?", PAGE))
    shipped = {path.name.removesuffix(".service") for path in (DEPLOY / "systemd").iterdir()}
    assert named - {"switchyard-web", "switchyard-worker"} <= shipped, named - shipped


def test_its_settings_are_there() -> None:
    """Of the README's table."""
    known = {variable.name for variable in OURS} | PLATFORM
    assert set(re.findall(r"\b(?:APP|JOBS|RATELIMIT)_[A-Z_]*[A-Z]", PAGE)) <= known


@pytest.mark.parametrize(
    ("zone", "row"),
    [
        ("reads", "reads"),
        ("writes", "everything else"),
        ("syncs", "of it, `/api/data-sync/`"),
        ("logins", "of it, the login"),
    ],
)
def test_its_limits_are_those_of_nginx(zone: str, row: str) -> None:
    """A minute, and at once."""
    (rate,) = re.findall(rf"zone=switchyard_{zone}:\S+ +rate=(\d+)r/m", NGINX)
    (burst,) = re.findall(rf"zone=switchyard_{zone} +burst=(\d+)", NGINX)
    assert f"| {row} | {int(rate):,} | {burst} |" in PAGE
