"""How arguments are typed."""

import click
import pytest

from app.cli.pairs import read_json, read_pairs


def test_a_name_is_any_text() -> None:
    """As headers of files are, with spaces and signs; what follows the first `=` is the value."""
    pairs = ["数量:=3", "unit price (CNY)=1=2", "to:=[1]", "a::=null", "été=", "1st=:=", "\n=x"]
    assert read_pairs(pairs) == {
        "数量": 3,
        "unit price (CNY)": "1=2",
        "to": [1],
        "a:": None,
        "été": "",
        "1st": ":=",
        "\n": "x",
    }


@pytest.mark.parametrize("pair", ["", "数量", "=3", ":=3", "==3", "a:3"])
def test_without_a_name_or_a_sign_it_is_no_argument(pair: str) -> None:
    """It says how to write one."""
    with pytest.raises(click.BadParameter, match="write name=text, or name:=json"):
        read_pairs([pair])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_no_request_can_have_is_refused(number: str) -> None:
    """Wherever it stands; one that is merely small, large or exact is taken."""
    with pytest.raises(click.BadParameter, match=f"seconds: .* is no JSON: {number} is no number that can be sent"):
        read_json(f'{{"a": [{number}]}}', of="seconds")
    assert read_json("[1e308, 1e-999, 0.1, 12345678901234567890]", of="x") == [1e308, 0.0, 0.1, 12345678901234567890]
