"""The printed tables of settings say what the code reads."""

import re
from pathlib import Path

import pytest

from app.settings import AppSettings
from jobs.environment import Variable, variables
from jobs.settings import JobsSettings
from ratelimit.settings import RateLimitSettings

ROOT = Path(__file__).parents[2]
OURS = (*variables(JobsSettings), *variables(AppSettings), *variables(RateLimitSettings))
# Read by the Procfile's shell and by uvicorn.
PLATFORM = {"PORT", "HOST", "WEB_CONCURRENCY", "QUEUES", "WORKER_OPTIONS"}


@pytest.mark.parametrize("variable", OURS, ids=lambda variable: variable.name)
def test_the_readme_has_each_setting_with_default_and_meaning(variable: Variable) -> None:
    """Word for word, so that neither can drift."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    default = "one a core" if variable.name == "JOBS_PROCESSES" else variable.default
    shown = {"required": "required", "": "none"}.get(default, f"`{default}`" if default != "one a core" else default)
    assert f"| `{variable.name}` | {shown} | {variable.meaning} |" in readme


def test_no_table_names_a_setting_that_is_not_there() -> None:
    """A reader who sets it would be told that it is misspelt."""
    known = {variable.name for variable in OURS} | PLATFORM
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE)) == known
    example = (ROOT / "deploy/env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == known
