"""The printed tables of settings say what the code reads."""

import re

import pytest

from app.settings import AppSettings
from jobs.environment import Variable, variables
from jobs.settings import JobsSettings
from ratelimit.settings import RateLimitSettings
from tests.support.pages import page, reference

OURS = (*variables(JobsSettings), *variables(AppSettings), *variables(RateLimitSettings))
# Read by the Procfile's shell and by uvicorn.
PLATFORM = {"PORT", "HOST", "WEB_CONCURRENCY", "QUEUES", "WORKER_OPTIONS"}


@pytest.mark.parametrize("variable", OURS, ids=lambda variable: variable.name)
def test_the_page_has_each_setting_with_default_and_meaning(variable: Variable) -> None:
    """Word for word, so that neither can drift."""
    default = "one a core" if variable.name == "JOBS_PROCESSES" else variable.default
    shown = {"required": "required", "": "none"}.get(default, f"`{default}`" if default != "one a core" else default)
    assert f"| `{variable.name}` | {shown} | {variable.meaning} |" in reference("settings")


def test_no_table_names_a_setting_that_is_not_there() -> None:
    """A reader who sets it would be told that it is misspelt."""
    known = {variable.name for variable in OURS} | PLATFORM
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", reference("settings"), re.MULTILINE)) == known
    assert set(re.findall(r"^#?([A-Z_]+)=", page("deploy/env.example"), re.MULTILINE)) == known
