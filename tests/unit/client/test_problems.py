"""From an answer that is no success to an error."""

from datetime import UTC, datetime

import httpx
import pytest

from app.client.errors import ForeignAnswerError, ProblemError
from app.client.problems import ERRORS, problem_of
from app.problems import BLANK, MEANINGS

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PROBLEM = {"type": "new", "title": "New", "status": 418, "detail": "d", "instance": "/", "request_id": "r"}


def error_of(status: int, *, retry_after: str | None = None, **content: object) -> ProblemError | ForeignAnswerError:
    """Make an answer's error."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    request = httpx.Request("GET", "http://site/api/jobs")
    return problem_of(httpx.Response(status, headers=headers, request=request, **content), now=NOW)  # type: ignore[arg-type]


def test_each_type_of_the_api_has_an_error_of_its_own() -> None:
    """What HTTP has a word for itself is a plain ProblemError."""
    assert ERRORS.keys() == MEANINGS.keys() - {BLANK}
    assert len(set(ERRORS.values())) == len(ERRORS)


def test_a_type_that_is_new_is_a_problem_too() -> None:
    """With all that it says."""
    error = error_of(418, json={**PROBLEM, "errors": [{"pointer": "/a", "detail": "b"}], "more": 1})
    assert isinstance(error, ProblemError)
    assert (error.type, error.status, error.errors) == ("new", 418, [{"pointer": "/a", "detail": "b"}])
    assert str(error) == "New: d\n  /a: b"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Thu, 26 Nov 2026 12:00:09 GMT", 9.0),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    """What is neither is as if it were not there."""
    error = error_of(503, retry_after=text, json=PROBLEM)
    assert isinstance(error, ProblemError)
    assert error.retry_after_s == seconds


def test_a_proxy_s_word_is_no_problem_document() -> None:
    """That the site is away is told as one all the same; anything else comes from somebody else."""
    away = error_of(502, text="<html>")
    assert isinstance(away, ProblemError)
    assert away.status == 502
    assert isinstance(error_of(404, text="<html>"), ForeignAnswerError)
    assert isinstance(error_of(404, json={"error": "not found"}), ForeignAnswerError)
