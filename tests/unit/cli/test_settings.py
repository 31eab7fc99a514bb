"""Where the command finds the site and the key."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.cli.settings import KEY, URL, SettingsError, Site, config_path, find_site, read_site, write_site
from tests.support.standing import said

HERE = Site(url="http://here", key='a "key"')


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Give the variables of somebody whose settings are those of the test."""
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_what_is_written_is_read_by_its_owner_alone(environ: Mapping[str, str]) -> None:
    """File and folder are for nobody else, and nothing else is left."""
    path = config_path(environ)
    assert read_site(path) is None
    write_site(path, Site(url="http://former", key=None))
    write_site(path, HERE)
    assert read_site(path) == HERE
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_others_may_read_is_refused(environ: Mapping[str, str]) -> None:
    """With the mend."""
    path = config_path(environ)
    write_site(path, HERE)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match=r"others may read it: run `chmod 600"):
        find_site(environ)
    told = said("list", environ=environ)
    assert (told.status, told.out, "others may read it: run `chmod 600" in told.err) == (2, "", True)
    assert find_site({**environ, URL: "http://there", KEY: "k"}) == Site(url="http://there", key="k")


def test_the_environment_goes_before_the_file(environ: Mapping[str, str]) -> None:
    """Each by itself; but a key is sent to no other site than the one that it was kept for."""
    write_site(config_path(environ), HERE)
    assert find_site(environ) == HERE
    assert find_site({**environ, URL: "http://here/"}) == HERE
    assert find_site({**environ, KEY: "other"}) == Site(url="http://here", key="other")
    with pytest.raises(SettingsError, match=r"no key for http://there: run `switchyard login http://there`"):
        find_site({**environ, URL: "http://there"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("url", "is no TOML"),
        ('key = "k"', "needs a text `url`"),
        ('url = 1\nkey = "k"', "needs a text `url`"),
        ('url = "http://here"\nkye = "k"', "knows nothing of kye"),
    ],
)
def test_a_file_that_is_wrong_says_how(environ: Mapping[str, str], text: str, why: str) -> None:
    """A misspelt word is not passed over."""
    path = config_path(environ)
    write_site(path, HERE)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=why):
        find_site(environ)


def test_without_settings_the_command_says_what_to_do(environ: Mapping[str, str]) -> None:
    """No site is asked."""
    told = said("list", environ=environ)
    assert (told.status, told.out) == (2, "")
    assert "Run `switchyard login URL`, or set SWITCHYARD_URL and SWITCHYARD_API_KEY" in told.err
    wrong = said("list", environ={**environ, URL: "here", KEY: "k"})
    assert wrong.status == 2
    assert "write it like http://127.0.0.1:8000" in wrong.err
