"""The pages for readers, and what stands in them."""

import re
from pathlib import Path

from tests.support.processes import ROOT

# All pages of the tree, as paths from its root.
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", *(f"{folder}/**/*.md" for folder in ("app", "benchmarks", "deploy", "jobs", "tests")))
    for path in ROOT.glob(pattern)
)


def page(path: str) -> str:
    """Give the text of a page, by its path from the root of the tree."""
    return (ROOT / path).read_text(encoding="utf-8")


def guide(noun: str) -> str:
    """Give the text of a how-to page."""
    return page(f"app/docs/guide/{noun}.md")


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
