"""A file's headers are compared in order with the template's."""

import pytest

from jobs.tasks.data_sync.headers import HeaderDifference, Move, compare, currency, normalise

TEMPLATE = ("订单号", "商品编码", "数量", "单价")


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("单价(CNY)", "单价"),
        ("单价（USD）", "单价"),
        ("Price [EUR]", "Price"),
        ("金额 RMB", "金额"),
        ("金额_USD", "金额"),
        ("Ｐｒｉｃｅ／ＧＢＰ", "Price"),
        ("  Order \u3000 no. ", "Order no."),
        ("\ufeff订单号", "订单号"),
        ("数量（件）", "数量(件)"),
        ("USD", "USD"),
        ("(USD)", "(USD)"),
        ("STATUSD", "STATUSD"),
        ("price", "price"),
        ("Size (ALL)", "Size (ALL)"),
        ("", ""),
    ],
)
def test_names_are_normalised(written: str, normal: str) -> None:
    """Full-width forms fold, white space collapses and a currency code at the end goes; nothing else does."""
    assert normalise(written) == normal


@pytest.mark.parametrize(
    "found",
    [
        TEMPLATE,
        ("订单号 ", " 商品编码", "数量", "单价（USD）"),
        ("订单号", "商品编码", "数量", "单价", "", "  "),
    ],
)
def test_the_same_headers_are_no_difference(found: tuple[str, ...]) -> None:
    """Currency, width, spaces and empty cells at the end do not matter."""
    assert compare(TEMPLATE, found) is None


def test_an_added_header_moves_nothing() -> None:
    """A column put in between pushes the others aside, which is not a move of theirs."""
    assert compare(TEMPLATE, ("订单号", "商品编码", "折扣", "数量", "单价")) == HeaderDifference(
        added=("折扣",), removed=(), moved=(), match_rate=0.8
    )


def test_a_removed_header_moves_nothing() -> None:
    """A column left out is removed, and that is all."""
    assert compare(TEMPLATE, ("商品编码", "数量", "单价")) == HeaderDifference(
        added=(), removed=("订单号",), moved=(), match_rate=0.75
    )


def test_a_moved_header_is_the_only_one_that_moved() -> None:
    """A column taken from the end to the front moved alone; both its places are told, counted from 1."""
    assert compare(TEMPLATE, ("单价", "订单号", "商品编码", "数量")) == HeaderDifference(
        added=(), removed=(), moved=(Move(name="单价", expected=4, found=1),), match_rate=0.75
    )


def test_a_header_that_comes_twice_is_a_difference() -> None:
    """The second of two equal headers is an added one."""
    assert compare(TEMPLATE, ("订单号", "商品编码", "数量", "单价", "数量")) == HeaderDifference(
        added=("数量",), removed=(), moved=(), match_rate=0.8
    )


def test_columns_that_only_the_currency_tells_apart_are_not_mixed_up() -> None:
    """Two prices in two currencies have to come in the order of the template."""
    prices = ("订单号", "单价(CNY)", "单价(USD)")
    assert compare(prices, prices) is None
    difference = compare(prices, ("订单号", "单价(USD)", "单价(CNY)"))
    assert difference is not None
    assert len(difference.moved) == 1


def test_an_empty_header_in_between_is_a_difference() -> None:
    """Only empty cells at the end are ignored."""
    difference = compare(TEMPLATE, ("订单号", "", "商品编码", "数量", "单价"))
    assert difference is not None
    assert difference.added == ("",)


def test_no_header_at_all_matches_nothing() -> None:
    """An empty header row lacks every field."""
    assert compare(TEMPLATE, ()) == HeaderDifference(added=(), removed=TEMPLATE, moved=(), match_rate=0.0)


def test_a_difference_is_a_sentence() -> None:
    """The text names every change, with places for the moved ones."""
    difference = compare(TEMPLATE, ("商品编码", "订单号", "单价", "折扣"))
    assert str(difference) == (
        'The headers differ from the template\'s. added: "折扣"; removed: "数量"; '
        'moved: "商品编码" (column 1, expected 2). 50% match.'
    )


def test_a_long_difference_is_cut() -> None:
    """A file of another kind does not fill the page with its columns."""
    text = str(compare(TEMPLATE, [f"column {number}" for number in range(500)]))
    assert "and 480 more" in text
    assert len(text) < 600


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("订单号", "单价(CNY)"), "CNY"),
        (("单价（RMB）", "运费 CNY"), "CNY"),
        (("Price [EUR]", "Tax"), "EUR"),
        (("单价(CNY)", "单价(USD)"), None),
        (("订单号", "单价"), None),
        ((), None),
    ],
)
def test_the_currency_is_the_one_that_the_headers_name(headers: tuple[str, ...], code: str | None) -> None:
    """RMB is CNY; no code and several codes are both none."""
    assert currency(headers) == code
