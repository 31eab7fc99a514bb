"""Server-sent events as text."""

import orjson

from app import sse
from jobs.change import Change, Place, Point


def _change(index: int = 0, **told: str) -> Change:
    event = {"id": "j", "run": "1", "v": "1764000000000001", "at": "1764000000000", **told}
    change = Change.of(Place(5, 0), index, event)
    assert change is not None
    return change


def _data(frame: bytes) -> dict[str, object]:
    (line,) = (line for line in frame.decode().split("\n") if line.startswith("data: "))
    data: dict[str, object] = orjson.loads(line.removeprefix("data: "))
    return data


def test_a_change_is_a_job_s_fields_under_their_names() -> None:
    """In one line, with where it stands as id."""
    frame = sse.changes([_change(3, state="failed", **{"try": "2"}, error='{"type": "E", "message": "a\\nb"}')])
    assert frame.startswith(b"event: job\nid: 5-0:3\ndata: {")
    assert frame.endswith(b"}\n\n")
    assert frame.count(b"\n") == 4
    assert _data(frame) == {
        "id": "j",
        "run": 1,
        "seq": 1764000000000001,
        "state": "failed",
        "at": "2025-11-24T16:00:00Z",
        "tries": 2,
        "finished_at": "2025-11-24T16:00:00Z",
        "result": None,
        "error": {"type": "E", "message": "a\nb"},
    }


def test_each_state_brings_what_it_changes() -> None:
    """A new run begins with nothing; a start that goes on keeps its progress; what waits again keeps all."""
    queued = _data(sse.changes([_change(state="queued", owner="ann", q="data", task="t")]))
    assert (queued["owner"], queued["queue"], queued["task"], queued["result"], queued["finished_at"]) == (
        *("ann", "data", "t"),
        *(None, None),
    )
    assert "progress" in _data(sse.changes([_change(state="running")]))
    assert "progress" not in _data(sse.changes([_change(state="running", fence="9")]))
    assert "error" in _data(sse.changes([_change(state="retrying", error="{}")]))
    assert not {"result", "owner", "error"} & _data(sse.changes([_change(state="queued")])).keys()


def test_progress_has_no_id() -> None:
    """Nobody comes back to it."""
    told = {"id": "j", "run": "1", "progress": '{"done":1,"total":null,"message":""}'}
    frame = sse.changes([Change.of_progress(Place(5, 0), told)])
    assert frame.startswith(b"event: progress\ndata: ")
    assert _data(frame) == {"id": "j", "run": 1, "progress": {"done": 1, "total": None, "message": ""}}


def test_a_change_is_made_into_text_once() -> None:
    """However many follow it."""
    change = _change(state="running")
    assert sse.changes([change]) is not None
    assert change.frame == sse.changes([change])


def test_a_reset_says_why() -> None:
    """With a hint where to look."""
    frame = sse.reset("too_many", instead="/api/jobs")
    assert frame == b'event: reset\ndata: {"reason":"too_many","instead":"/api/jobs"}\n\n'


def test_a_heart_beat_tells_nobody() -> None:
    """It is a comment, and an id where there is one."""
    assert sse.heart_beat(None) == b": alive\n\n"
    assert sse.heart_beat(Point(Place(5, 0))) == b": alive\nid: 5-0\n\n"
