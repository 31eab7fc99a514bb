"""API keys and session tokens as texts."""

import pytest

from app.tokens import Kind, digest, is_id, new_token, new_user_id, read_token


@pytest.mark.parametrize("kind", Kind)
def test_a_new_one_is_read_and_no_two_are_alike(kind: Kind) -> None:
    """With its kind and id, which may be shown; the text itself is long enough for nobody to guess."""
    tokens = [new_token(kind) for _ in range(100)]
    assert [read_token(token.text) for token in tokens] == tokens
    assert len({token.id for token in tokens}) == len({digest(token.text) for token in tokens}) == 100
    for token in tokens:
        assert token.text.startswith(f"{kind}_{token.id}_")
        assert is_id(token.id)
        assert len(token.text.rpartition("_")[2]) == 47


def test_what_was_mistyped_is_no_token() -> None:
    """One letter changed, cut or added, anywhere."""
    text = new_token(Kind.KEY).text
    for at in range(len(text)):
        other = "7" if text[at] != "7" else "8"
        assert read_token(text[:at] + other + text[at + 1 :]) is None
        assert read_token(text[:at]) is None
    for broken in ("", text + "0", text + "\n", f" {text}", text.upper(), text.replace("sy_", "ss_")):
        assert read_token(broken) is None


@pytest.mark.parametrize("text", ["", "nothing", "\x00", "usr_", "a" * 2000, "0" * 32, "usr_0123456789ab\n"])
def test_what_is_no_id(text: str) -> None:
    """So that no store is asked for it."""
    assert not is_id(text)
    assert is_id(new_user_id())
