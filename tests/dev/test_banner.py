"""What `./dev run` prints when the site answers."""

from pathlib import Path

import pytest

from deploy.local.banner import Banner


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:h1dd3n@h/d", '"$DATABASE_URL"'),
        ("postgresql:///d?host=/tmp/s", "'postgresql:///d?host=/tmp/s'"),
    ],
)
def test_the_banner_shows_no_password(url: str, shown: str) -> None:
    """The command for psql takes an address that has one from the environment, where its owner put it."""
    banner = Banner(root=Path.cwd(), url="http://h", new_key="", key_in_file=True, database_url=url, diagnostics=False)
    assert f"{shown} -c " in banner.text()
    assert "h1dd3n" not in banner.text()
