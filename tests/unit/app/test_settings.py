"""The web process's own settings."""

import pytest

from app.settings import SHORTEST_TOKEN, load_all
from jobs.errors import SettingsError

GOOD = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h", "APP_ADMIN_API_KEY": "k" * 32}


def test_a_metrics_token_is_optional() -> None:
    """Also set to nothing, as a copied env.example may have it."""
    assert load_all(GOOD).app.metrics_token is None
    assert load_all({**GOOD, "APP_METRICS_TOKEN": ""}).app.metrics_token is None


def test_a_metrics_token_is_long_and_kept_to_itself() -> None:
    """One that can be guessed stops the start, and no message or repr shows it."""
    token = "t" * SHORTEST_TOKEN
    settings = load_all({**GOOD, "APP_METRICS_TOKEN": token})
    assert settings.app.metrics_token is not None
    assert settings.app.metrics_token.get_secret_value() == token
    assert token not in repr(settings)
    with pytest.raises(SettingsError, match="APP_METRICS_TOKEN: has 15 characters") as caught:
        load_all({**GOOD, "APP_METRICS_TOKEN": token[1:]})
    assert token[1:] not in str(caught.value)
