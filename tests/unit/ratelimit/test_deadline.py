"""One timer ends all questions that nobody answers, and no other."""

import asyncio
import threading
import time

import pytest

from ratelimit.deadline import Deadline


async def _answered(answer: str) -> str:
    await asyncio.sleep(0)
    return answer


async def _never() -> str:
    await asyncio.Event().wait()
    return ""


def _deadline(seconds: float) -> tuple[Deadline, list[str]]:
    missed: list[str] = []
    return Deadline(seconds, missed=lambda: missed.append("missed")), missed


async def test_answers_pass_and_errors_too() -> None:
    """Whatever comes in time is the asker's."""
    deadline, missed = _deadline(10)
    assert await deadline.bound(_answered("yes")) == "yes"

    async def broken() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await deadline.bound(broken())
    assert missed == []


async def test_where_one_is_late_none_waits_any_longer() -> None:
    """Those who asked after it are let go with it, and it is said once; who asks then has the whole time again."""
    deadline, missed = _deadline(0.05)
    first = asyncio.create_task(deadline.bound(_never()))
    await asyncio.sleep(0)
    second = asyncio.create_task(deadline.bound(_never()))
    began = time.monotonic()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TimeoutError, TimeoutError]
    assert missed == ["missed"]
    assert await deadline.bound(_answered("yes")) == "yes"
    assert time.monotonic() - began < 5
    with pytest.raises(TimeoutError):
        await deadline.bound(_never())
    assert missed == ["missed"] * 2


async def test_an_answered_question_leaves_the_next_its_time() -> None:
    """The timer of one that was answered finds the next not due, and watches on."""
    deadline, _ = _deadline(0.05)
    assert await deadline.bound(_answered("yes")) == "yes"
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.03)
    began = loop.time()
    with pytest.raises(TimeoutError):
        await deadline.bound(_never())
    assert loop.time() - began > 0.049


async def test_a_cancelled_asker_is_cancelled() -> None:
    """He is not told of a timeout, not even of one in the same moment; nobody else is harmed."""
    deadline, _ = _deadline(10)
    gone, stays, released = (asyncio.create_task(deadline.bound(_never())) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert not stays.done()
    deadline.release()
    released.cancel()
    outcomes = await asyncio.gather(stays, released, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TimeoutError, asyncio.CancelledError]


async def test_a_missed_deadline_leaves_the_task_as_it_was() -> None:
    """Its own time limits work on, and so does who cancels it later."""
    deadline, _ = _deadline(0.02)

    async def asks() -> int:
        with pytest.raises(TimeoutError):
            await deadline.bound(_never())
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        return task.cancelling()

    assert await asyncio.create_task(asks()) == 0


async def test_a_question_that_fails_as_it_is_let_go_tells_its_own_error() -> None:
    """What it makes of being cancelled is its own; nothing of that is left in the task."""
    deadline, missed = _deadline(0.02)

    async def translated() -> str:
        try:
            return await _never()
        except asyncio.CancelledError:
            raise LookupError from None

    async def asks() -> int:
        with pytest.raises(LookupError):
            await deadline.bound(translated())
        task = asyncio.current_task()
        return -1 if task is None else task.cancelling()

    assert await asyncio.create_task(asks()) == 0
    assert missed == ["missed"]


async def test_a_loop_that_stood_still_is_not_taken_for_silence() -> None:
    """The answer came while the loop was busy with something else for longer than the deadline: it counts."""
    deadline, missed = _deadline(0.05)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    async def asked() -> str:
        return await answer

    task = asyncio.create_task(deadline.bound(asked()))
    await asyncio.sleep(0)
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(answer.set_result, "yes"))
    thread.start()
    time.sleep(0.2)  # noqa: ASYNC251  the stall itself
    thread.join()
    assert await task == "yes"
    assert missed == []


async def test_a_loop_that_stood_still_is_forgiven_once() -> None:
    """Where there is still no answer a moment later, it is silence."""
    deadline, missed = _deadline(0.05)
    task = asyncio.create_task(deadline.bound(_never()))
    await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251  the stall itself
    with pytest.raises(TimeoutError):
        await task
    assert missed == ["missed"]


async def test_an_answer_has_some_turns_of_a_busy_loop_to_reach_its_asker() -> None:
    """Each turn takes long, so the time is over before whoever reads the answer and hands it on has had his turns."""
    deadline, missed = _deadline(0.05)

    async def handed_on() -> str:
        for _ in range(4):
            await asyncio.sleep(0)
        return "yes"

    task = asyncio.create_task(deadline.bound(handed_on()))
    while not task.done():
        await asyncio.sleep(0)
        time.sleep(0.06)  # noqa: ASYNC251  the work of others
    assert await task == "yes"
    assert missed == []


async def test_a_loop_that_is_always_late_makes_nobody_wait_for_ever() -> None:
    """It is forgiven some turns for each question, not as long as it is busy."""
    deadline, missed = _deadline(0.05)
    task = asyncio.create_task(deadline.bound(_never()))
    stalls = 0
    while not task.done() and stalls < 20:
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251  the stall itself
        stalls += 1
    with pytest.raises(TimeoutError):
        await task
    assert missed == ["missed"]
    assert stalls < 15
