"""What operations answer, as the document describes it: what they say themselves, and what follows from the rest."""

from collections.abc import Iterator

from app.middleware.authentication import PROTECTED, is_protected
from app.openapi.headers import described
from app.openapi.links import links_of
from app.openapi.operation import Answer, Operation
from app.openapi.problems import ProblemAnswers
from app.openapi.schemas import Schema, Schemas
from app.problems import (
    MALFORMED,
    NOT_FOUND,
    RATE_LIMITED,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNREAD_TYPE,
    VALIDATION,
    Kind,
)


def answers_of(path: str, operation: Operation, schemas: Schemas, problems: ProblemAnswers) -> Schema:
    """Describe all answers by status."""
    answers = {str(status): _answer(path, answer, schemas) for status, answer in operation.answers.items()}
    return {**answers, **problems.of(_kinds(path, operation))}


def _answer(path: str, answer: Answer, schemas: Schemas) -> Schema:
    schema = schemas.of(answer.shape)
    described_answer = {
        "description": answer.meaning,
        "headers": described(*answer.headers, limited=path.startswith(PROTECTED)),
        "content": {media_type: {"schema": schema} for media_type in answer.media_types},
        "links": links_of(answer.shape),
    }
    return {name: value for name, value in described_answer.items() if value}


def _kinds(path: str, operation: Operation) -> Iterator[Kind]:
    """Give the problems of an operation: those that its path and its types lead to, and its own."""
    if operation.body or operation.form:
        yield from (MALFORMED, TOO_LARGE, UNREAD_TYPE, VALIDATION)
    if operation.query:
        yield VALIDATION
    if "{" in path:
        yield NOT_FOUND
    if is_protected(path):
        yield UNAUTHENTICATED
    if path.startswith(PROTECTED):
        yield from (RATE_LIMITED, UNAVAILABLE)
    yield from operation.problems
