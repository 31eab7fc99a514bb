"""Component versions: what administrators enter, and which of them a task notes as the one that it ran with."""

import httpx
import pytest

from jobs.context import JobContext
from jobs.registry import Task
from jobs.tasks.data_sync.component_versions import active_version
from tests.support.shops import VERSION, new_component_version
from tests.support.site import end_of, running_web, running_worker, submit

VERSIONS = "/api/data-sync/component-versions"


async def test_a_version_is_entered_and_changed(web: httpx.AsyncClient) -> None:
    """The list has it with the next question; the audit log has both."""
    assert (await web.get(VERSIONS)).json()["items"] == []
    answer = await web.post(VERSIONS, json=dict(VERSION))
    assert answer.status_code == 201
    entered = answer.json()
    assert {name: entered[name] for name in (*VERSION, "status")} == {**VERSION, "status": "active"}
    assert (await web.get(VERSIONS)).json() == {"items": [entered], "next_cursor": None}
    answer = await web.patch(f"{VERSIONS}/{entered['id']}", json={"status": "deprecated", "notes": ""})
    changed = answer.json()
    assert changed == {**entered, "status": "deprecated", "notes": "", "changed_at": changed["changed_at"]}
    assert (await web.patch(f"{VERSIONS}/{entered['id']}", json={"status": "deprecated"})).json() == changed
    assert (await web.get(VERSIONS)).json()["items"] == [changed]
    entries = (await web.get("/api/audit", params={"object_id": entered["id"]})).json()["items"]
    assert [(entry["action"], entry["details"]["version"]) for entry in entries] == [
        ("component_version.change", "1.0.0"),
        ("component_version.create", "1.0.0"),
    ]


async def test_a_component_has_a_version_once(web: httpx.AsyncClient) -> None:
    """409, also where it is deprecated; another component may have it."""
    version_id = await new_component_version(web)
    await web.patch(f"{VERSIONS}/{version_id}", json={"status": "deprecated"})
    answer = await web.post(VERSIONS, json=dict(VERSION))
    assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
    await new_component_version(web, component="another")


async def test_the_list_has_filters_and_pages(web: httpx.AsyncClient) -> None:
    """Newest first."""
    for number in range(4):
        status = "active" if number % 2 else "deprecated"
        await new_component_version(web, version=str(number), component=f"c{number // 2}", status=status)

    async def found(**params: str) -> list[str]:
        return [one["version"] for one in (await web.get(VERSIONS, params=params)).json()["items"]]

    assert await found() == ["3", "2", "1", "0"]
    assert await found(component="c0") == ["1", "0"]
    assert await found(status="deprecated") == ["2", "0"]
    assert await found(status="active", component="c1") == ["3"]
    cursor = (await web.get(VERSIONS, params={"limit": 3})).json()["next_cursor"]
    assert await found(cursor=cursor) == ["0"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"component": ""}, "/component"),
        ({"version": 1}, "/version"),
        ({"status": "retired"}, "/status"),
        ({"notes": "x" * 2_001}, "/notes"),
        ({"notes": "a\x00b"}, "/notes"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(
    web: httpx.AsyncClient, wrong: dict[str, object], pointer: str
) -> None:
    """422 with the field that is wrong, on entering and on changing."""
    answer = await web.post(VERSIONS, json={**VERSION, **wrong})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    version_id = await new_component_version(web)
    before = (await web.get(VERSIONS)).json()
    answer = await web.patch(f"{VERSIONS}/{version_id}", json=wrong)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert (await web.get(VERSIONS)).json() == before


async def ask(context: JobContext, component: str) -> str | None:
    """Do what a sync does before it begins."""
    return await active_version(context.site, component)


ASK = Task(name="test.ask", function=ask, queue="data_sync")


async def test_a_task_is_told_the_active_version_that_was_entered_last(environ: dict[str, str]) -> None:
    """In a worker, from the moment on at which the API has taken it; None while there is none."""
    async with running_web(environ, ASK) as web, running_worker(environ, ASK):

        async def active(component: str = "sync_file") -> str | None:
            job = await end_of(web, (await submit(web, ASK.name, {"component": component}))["id"])
            assert job["state"] == "succeeded", job
            version: str | None = job["result"]
            return version

        assert [await active(), await active()] == [None, None]
        first = await new_component_version(web)
        assert await active() == "1.0.0"
        second = await new_component_version(web, version="0.9.0")
        assert await active() == "0.9.0"
        await new_component_version(web, version="2.0.0", status="deprecated")
        assert await active() == "0.9.0"
        await web.patch(f"{VERSIONS}/{second}", json={"status": "deprecated"})
        assert await active() == "1.0.0"
        await web.patch(f"{VERSIONS}/{first}", json={"status": "deprecated"})
        assert [await active(), await active("another")] == [None, None]
