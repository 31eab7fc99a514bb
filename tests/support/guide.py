"""The commands of deploy/README.md, as they stand there."""

import re
import textwrap

from tests.support.processes import ROOT

_PAGE = ROOT / "deploy/README.md"


def commands_of(heading: str) -> list[str]:
    """Give the blocks of commands below this heading, up to the next one; AssertionError where there is none."""
    _, found, rest = _PAGE.read_text(encoding="utf-8").partition(f"# {heading}\n")
    text, *_ = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.MULTILINE)
    commands = [textwrap.dedent(block).strip("\n") for block in blocks if block.strip()]
    assert found, f"{_PAGE} has no heading {heading!r}"
    assert commands, f"{heading!r} has no commands"
    return commands
