"""The pages for readers, and what stands in them."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.support.processes import ROOT

# All pages of the tree, as paths from its root.
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", *(f"{folder}/**/*.md" for folder in ("app", "benchmarks", "deploy", "jobs", "tests")))
    for path in ROOT.glob(pattern)
)
_BLOCK = re.compile(
    r"^ *```(?P<language>\w*)\n(?P<fenced>.*?)^ *```$|(?<=\n\n)(?P<indented>(?: {4}[^\n]*\n+)+)",
    re.DOTALL | re.MULTILINE,
)


def page(path: str) -> str:
    """Give the text of a page, by its path from the root of the tree."""
    return (ROOT / path).read_text(encoding="utf-8")


def reference(noun: str) -> str:
    """Give the text of a page to look things up in."""
    return page(f"app/docs/reference/{noun}.md")


def program(text: str, name: str) -> str:
    """Give the Python block that names its file, `# shop_tasks.py`, in the first line."""
    (code,) = re.findall(rf"```python\n(# {re.escape(name)}\n.*?)```", text, re.DOTALL)
    return str(code)


def write_programs(texts: str, folder: Path) -> list[str]:
    """Write each Python block that names its file into it, and give the names of the modules."""
    names = re.findall(r"```python\n# (\w+)\.py\n", texts)
    for name in names:
        (folder / f"{name}.py").write_text(program(texts, f"{name}.py"), encoding="utf-8")
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Code on a page: between fences, then with its language, or indented by four blanks."""

    page: str
    language: str
    text: str

    @property
    def name(self) -> tuple[str, str]:
        """Page and first line, up to what is explained beside it, by which tests speak of the block."""
        return self.page, re.split(r"\n| {3}", self.text, maxsplit=1)[0]


def blocks(path: str) -> list[Block]:
    """Give the blocks of a page in order. What goes on with an item of a list is none, however far it stands in."""
    found = []
    for match in _BLOCK.finditer(page(path)):
        text = match["fenced"] if match["indented"] is None else dedent(match["indented"]).strip("\n")
        found.append(Block(page=path, language=match["language"] or "", text=dedent(text)))
    return found
