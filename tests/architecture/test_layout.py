"""The architecture, as far as the import contracts in pyproject.toml cannot say it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "jobs", "ratelimit", "deploy")
TOP = {"app", "jobs", "ratelimit", "deploy", "tests", "benchmarks", "pyproject.toml", "Procfile"} | {
    "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "dev", "requirements.txt",
}  # fmt: skip
LONGEST_FILE = 300


def _files(*patterns: str) -> list[Path]:
    """List the files of the project, as git would commit them."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],  # noqa: S607  the developer's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def _modules() -> list[Path]:
    return [path for path in _files("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]


@pytest.fixture(autouse=True)
def _needs_git() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this tree is not a git checkout, so what belongs to it cannot be told")


def test_the_top_level_holds_what_was_agreed() -> None:
    """A newcomer meets a short list, and nothing else comes in by accident."""
    found = {path.relative_to(ROOT).parts[0] for path in _files()}
    assert {name for name in found if not name.startswith(".")} == TOP


def test_no_file_is_long() -> None:
    """One noun a file; a file that grows past this has two."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _files("*.py", "*.sql", "*.lua")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    """In one sentence at its top."""
    for path in _modules():
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, path
        assert docstring.splitlines()[0].rstrip().endswith((".", ":", "?")), path


def test_sql_stands_in_sql_files_only() -> None:
    """But for the table of migrations, which has to be there before any file is, and for the local tools."""
    statement = re.compile(r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b", re.DOTALL)
    for path in _modules():
        if path == ROOT / "app/migrate.py" or path.is_relative_to(ROOT / "deploy"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if statement.search(text)], path


def test_redis_keys_are_spelt_in_one_file() -> None:
    """No other module of `jobs` names one."""
    for path in _modules():
        if path == ROOT / "jobs/keys.py" or path.relative_to(ROOT).parts[0] != "jobs":
            continue
        assert not re.search(r"""["'](arq|switchyard):""", path.read_text(encoding="utf-8")), path


def test_nothing_sleeps_by_blocking() -> None:
    """`time.sleep` stalls the event loop; only the task that is there to do so may, and the local tools."""
    for path in _modules():
        if path == ROOT / "jobs/tasks/diagnostics.py" or path.is_relative_to(ROOT / "deploy"):
            continue
        assert "time.sleep" not in path.read_text(encoding="utf-8"), path


def test_every_migration_names_its_owner() -> None:
    """The series is one, the tables are not."""
    for path in _files("app/migrations/*.sql"):
        assert re.match(r"-- owner: (app|jobs|ratelimit)[\w.]*\n", path.read_text(encoding="utf-8")), path
