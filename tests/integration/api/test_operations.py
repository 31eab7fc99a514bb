"""Every operation of the document, met with bad requests: the right problem, and nothing changed.

The requests are made from the document, so that a new endpoint is tried as soon as it has an entry there.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping

import httpx
import pytest

from app.middleware.authentication import is_protected
from jobs.stores.database import Database
from tests.support.bad_requests import Bad, bad_places, bad_requests, wrong_methods
from tests.support.batches import noops, submit_batch
from tests.support.failing import fail
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.openapi import Described, operations
from tests.support.people import new_user
from tests.support.pictures import keep_image
from tests.support.shops import new_component_version, new_shop
from tests.support.site import submit
from tests.support.snapshot import Snapshot, snapshot_of

OPERATIONS = tuple(operations())
TAKING = tuple(operation for operation in OPERATIONS if any(bad_requests(operation, operation.path)))


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site that has schedules too."""
    return {**environ, "JOBS_SCHEDULES": "tests.support.schedules:SCHEDULES"}


@pytest.fixture
async def places(web: httpx.AsyncClient, database: Database, environ: dict[str, str]) -> Mapping[str, str]:
    """Make one of each thing; give what stands for the parameter, by the path up to it."""
    job = await submit(web, "diag.noop")
    template = await publish(web)
    file = (await upload(web, as_csv([ORDERS]))).json()
    batch = await submit_batch(web, noops(1))
    await fail(database, "f", "admin", 1)
    user = await new_user(web, "somebody")
    return {
        "/api/jobs/": job["id"],
        "/api/batches/": batch["id"],
        "/api/failures/": "f",
        "/api/queues/": "data_sync",
        "/api/quota/": "admin",
        "/api/schedules/": "nap",
        "/api/data-sync/files/": file["id"],
        "/api/data-sync/images/": await keep_image(environ, database, file),
        "/api/data-sync/templates/": template["id"],
        "/api/data-sync/accounts/": await new_shop(web),
        "/api/data-sync/component-versions/": await new_component_version(web),
        "/api/cache/": "shops",
        "/api/users/": user.id,
        "/api/auth/keys/": user.key_id,
    }


@pytest.fixture
async def untouched(
    web: httpx.AsyncClient, places: Mapping[str, str], database: Database, redis_url: str
) -> AsyncIterator[Snapshot]:
    """Expect at the end that nothing was changed since the beginning."""
    del web, places
    before = await snapshot_of(database, redis_url)
    yield before
    assert await snapshot_of(database, redis_url) == before


def _place(operation: Described, places: Mapping[str, str]) -> str:
    """Give an operation's path with what is there for its parameter; of a kind unknown here, with nothing."""
    start, _, rest = operation.path.partition("{")
    return f"{start}{places.get(start, 'nothing')}{rest.partition('}')[2]}" if rest else start


async def _refused(web: httpx.AsyncClient, bad: Bad, *, may_be_nowhere: bool) -> str | None:
    """Send a bad request; say what is wrong with the answer."""
    answer = await web.request(bad.method, bad.path, **bad.sent)
    if may_be_nowhere and answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if answer.headers["content-type"] != "application/problem+json":
        return f"{answer.status_code} {answer.text[:200]}"
    problem = answer.json()
    if (answer.status_code, problem["type"]) != (bad.status, bad.type):
        return f"{answer.status_code} {problem}, not {bad.status} {bad.type}"
    pointers = [error["pointer"] for error in problem.get("errors", ())]
    if bad.pointer is not None and not any(pointer.startswith(bad.pointer) for pointer in pointers):
        return f"{bad.pointer} is not among {pointers}"
    return None


async def _all_refused(
    web: httpx.AsyncClient, bad_ones: Iterable[Bad], operation: Described, *, may_be_nowhere: bool = False
) -> None:
    faults = {}
    for bad in bad_ones:
        if (fault := await _refused(web, bad, may_be_nowhere=may_be_nowhere)) is not None:
            faults[f"{operation.name}: {bad.why}"] = fault
    assert faults == {}


@pytest.mark.usefixtures("untouched")
async def test_wrong_methods_are_told_the_right_ones(web: httpx.AsyncClient, places: Mapping[str, str]) -> None:
    """405, and Allow names those that the path has."""
    methods: dict[str, set[str]] = defaultdict(set)
    for operation in OPERATIONS:
        methods[_place(operation, places)].add(operation.method)
    for path, allowed in methods.items():
        for bad in wrong_methods(path, allowed):
            answer = await web.request(bad.method, bad.path)
            assert (answer.status_code, answer.json()["type"]) == (bad.status, bad.type), bad
            assert set(answer.headers["allow"].split(", ")) == allowed | ({"HEAD"} if "GET" in allowed else set())


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("operation", TAKING, ids=lambda operation: operation.name)
async def test_bad_input_is_refused(web: httpx.AsyncClient, places: Mapping[str, str], operation: Described) -> None:
    """A body of another type or too large, broken, with wrong, missing and unknown fields; a wrong query."""
    await _all_refused(
        web,
        bad_requests(operation, _place(operation, places)),
        operation,
        may_be_nowhere=operation.has_place and operation.path.partition("{")[0] not in places,
    )


@pytest.mark.usefixtures("untouched")
async def test_what_is_not_there_is_not_found(web: httpx.AsyncClient) -> None:
    """Whatever stands in the path: 404, on every operation that has a parameter there."""
    for operation in OPERATIONS:
        await _all_refused(web, bad_places(operation), operation)


@pytest.mark.usefixtures("untouched")
async def test_nobody_does_anything_without_a_key(web: httpx.AsyncClient, places: Mapping[str, str]) -> None:
    """401 on every operation that the document says to need one, and on all below /api but where one comes in."""
    del web.headers["Authorization"]
    for operation in OPERATIONS:
        assert operation.is_protected is is_protected(operation.path)
        if operation.is_protected:
            answer = await web.request(operation.method, _place(operation, places))
            assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated"), operation.name
            assert operation.faults(answer) == []
