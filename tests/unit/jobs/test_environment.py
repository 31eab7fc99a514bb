"""Settings from the environment, and from files beside it."""

from pathlib import Path

import pytest

from app.settings import load_all
from jobs.errors import SettingsError
from jobs.settings import load_settings

GOOD = {"DATABASE_URL": "postgresql://u:secret@h/d", "REDIS_URL": "redis://:secret@h:1/0"}
APP = {**GOOD, "APP_ADMIN_API_KEY": "k" * 32}


def test_defaults_hold_where_nothing_is_set() -> None:
    """A variable that is set to nothing counts as not set."""
    settings = load_settings({**GOOD, "JOBS_DRAIN_S": " ", "UNRELATED": "x"})
    assert (settings.drain_s, settings.diagnostics, settings.task_lists) == (25.0, False, ())


def test_lists_and_switches_are_read() -> None:
    """Commas separate, and the usual words for yes are understood."""
    settings = load_settings({**GOOD, "JOBS_TASKS": "a.b:C, d:E,", "JOBS_DIAGNOSTICS": "true"})
    assert settings.task_lists == ("a.b:C", "d:E")
    assert settings.diagnostics


def test_every_mistake_is_said_at_once() -> None:
    """One start shows all that is wrong, each with its variable and mend."""
    with pytest.raises(SettingsError) as caught:
        load_all(
            {
                "REDIS_URL": "http://x",
                "JOBS_DRIAN_S": "3",
                "JOBS_LOG_FORMAT": "xml",
                "APP_ADMIN_API_KEY": "short",
                "APP_COLOUR": "red",
            }
        )
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "APP_COLOUR",
        "APP_ADMIN_API_KEY",
        "JOBS_DRIAN_S",
        "DATABASE_URL",
        "REDIS_URL",
        "JOBS_LOG_FORMAT",
    ]
    assert "did you mean JOBS_DRAIN_S?" in lines[2]


def test_no_password_is_in_a_message_or_a_repr() -> None:
    """Neither a wrong URL nor a good one shows what it holds."""
    with pytest.raises(SettingsError) as caught:
        load_settings({**GOOD, "DATABASE_URL": "mysql://u:secret@h/d"})
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(load_all(APP))
    assert "k" * 32 not in repr(load_all(APP))


def test_what_is_not_set_is_read_from_a_file_of_its_name(tmp_path: Path) -> None:
    """A final newline does not belong to it, a variable goes before it, and files of others are none of ours."""
    files = {"DATABASE_URL": GOOD["DATABASE_URL"] + "\n", "REDIS_URL": "redis://of-the-file", "OTHER": "\0"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "JOBS_LATER").mkdir()
    settings = load_settings({"CREDENTIALS_DIRECTORY": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": "redis://first"})
    assert settings.database_url.get_secret_value() == GOOD["DATABASE_URL"]
    assert settings.redis_url.get_secret_value() == "redis://first"


def test_a_file_that_says_nothing_to_us_stops_the_start(tmp_path: Path) -> None:
    """One that is misspelt, one that is no text, and a folder that is not there; nothing of a file is shown."""
    (tmp_path / "JOBS_DRIAN_S").write_text("3", encoding="utf-8")
    with pytest.raises(SettingsError, match="did you mean JOBS_DRAIN_S"):
        load_settings({**GOOD, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    (tmp_path / "DATABASE_URL").write_bytes(b"secret\xff")
    with pytest.raises(SettingsError, match="its file is not UTF-8"):
        load_settings({**GOOD, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    with pytest.raises(SettingsError, match="CREDENTIALS_DIRECTORY: No such file"):
        load_settings({**GOOD, "CREDENTIALS_DIRECTORY": str(tmp_path / "none")})


def test_settings_cannot_be_changed() -> None:
    """They are what the process started with."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings(GOOD).drain_s = 1  # type: ignore[misc]  # that is what is refused
