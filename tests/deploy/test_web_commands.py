"""Whoever runs a web process by a command of ours runs it alike: all others are held to that of the Procfile."""

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any, Final

import pytest
import uvicorn

from benchmarks.submit import SITE, UVICORN
from deploy.local.procfile import read_procfile
from tests.support.processes import ROOT, WEB
from tests.support.units import directives

_ALIKE: Final = ("http", "proxy_headers", "access_log", "timeout_keep_alive", "timeout_graceful_shutdown")
_LINE: Final = read_procfile(ROOT / "Procfile")["web"]


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _options(command: Sequence[str]) -> dict[str, Any]:
    """Read what follows the word `uvicorn` as uvicorn does."""
    at = next(number for number, word in enumerate(command) if word.rpartition("/")[2] == "uvicorn")
    return uvicorn.main.make_context("uvicorn", list(command[at + 1 :])).params


@pytest.fixture(scope="module")
def procfile() -> dict[str, Any]:
    """Give the Procfile's options, with its defaults for the shell."""
    return _options(shlex.split(re.sub(r"\$\{\w+:-(.*?)\}", r"\1", _LINE)))


def test_the_procfile_takes_our_protocol_and_believes_no_proxy_by_itself(procfile: dict[str, Any]) -> None:
    """Whom to believe `APP_TRUSTED_PROXIES` says."""
    assert (procfile["http"], procfile["proxy_headers"]) == ("app.lingering:LingeringProtocol", False)


def test_those_that_are_deployed_and_tested_are_alike(procfile: dict[str, Any]) -> None:
    """The unit, the image, and the web processes of these tests."""
    (unit,) = directives("switchyard-web@.service")["ExecStart"]
    (image,) = re.findall(
        r"^CMD (\[.*?\])$", _text("deploy/containers/Containerfile").replace("\\\n", ""), re.MULTILINE
    )
    for command in (shlex.split(unit), json.loads(image), WEB):
        options = _options(command)
        assert {name: options[name] for name in _ALIKE} == {name: procfile[name] for name in _ALIKE}, command


def test_so_are_those_of_the_readme_and_of_the_benchmark(procfile: dict[str, Any]) -> None:
    """As far as what is done for a request goes."""
    (line,) = re.findall(r"^(uvicorn app\.main:create_app .*?) &$", _text("README.md"), re.MULTILINE)
    for command in (shlex.split(line), (*UVICORN, *SITE)):
        options = _options(command)
        assert [options[name] for name in _ALIKE[:2]] == [procfile[name] for name in _ALIKE[:2]], command
