"""deploy/containers, as far as that can be told without building: what is named there is there, and as elsewhere."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.procfile import read_procfile
from tests.docs.test_settings import OURS, PLATFORM

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/containers"
PROCESSES = ("web", "worker", "steward", "release")
IMAGE = (FOLDER / "Containerfile").read_text(encoding="utf-8")
COMPOSE: Any = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_containers_start_what_the_procfile_starts() -> None:
    """The web process is the image's own command."""
    (own,) = re.findall(r"^CMD (\[.*?\])$", IMAGE.replace("\\\n", ""), re.MULTILINE)
    for name in PROCESSES:
        line = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", read_procfile(ROOT / "Procfile")[name])
        assert SERVICES[name].get("command", yaml.safe_load(own)) == shlex.split(line)


def test_everything_waits_for_what_it_needs() -> None:
    """A store until it answers, the rest until the schema is there; each service that is waited for says how it is."""
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed == "release" else "service_healthy"
            assert how == {"condition": expected}, (name, needed)
            assert needed == "release" or "healthcheck" in SERVICES[needed], needed
    assert SERVICES["web"]["depends_on"].keys() == {"release", "postgres", "redis"}


def test_no_password_stands_there() -> None:
    """Each is the caller's; without those of a site nothing starts."""
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    said = re.findall(r"(\w*(?:PASSWORD|KEY|TOKEN|AUTH|URL): |--requirepass )(.*)$", text, re.MULTILINE)
    assert len(said) >= 7
    for name, value in said:
        assert re.search(r"\$\{[A-Z_]+:[?-]\}", value), name


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_may_do_little(name: str) -> None:
    """It writes to its volume and its own /tmp, has no capabilities, and is given settings that there are."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["volumes"] == ["files:/var/lib/switchyard"]
    assert service["environment"].keys() <= {variable.name for variable in OURS} | PLATFORM
    assert re.search(r"^USER \d+$", IMAGE, re.MULTILINE)


def test_what_is_mounted_and_copied_is_there() -> None:
    """Files of this tree, volumes that are declared, and images of a version."""
    for name, service in SERVICES.items():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (FOLDER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume
        assert service["image"] == "switchyard" or re.search(r":v?\d", service["image"]), name
    for source in re.findall(r"^COPY (\S+) ", IMAGE, re.MULTILINE):
        assert (ROOT / source).exists(), source
