"""Rate limits: how many requests somebody may make."""

from collections.abc import Sequence

from app.client.pages import all_of
from app.client.request import Request, path_of
from app.client.shapes.limits import AllLimits, Anomaly, Bucket, Denial, LimitsInForce, OwnLimits, Statistics
from app.client.shaping import all_shaped, content_of
from app.client.standing import Standing, standing_of
from app.client.transport import Transport


class Limits:
    """Rate limits. All methods raise ClientErrors; all but `own` and `standing` are for administrators."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def own(self) -> OwnLimits:
        """Say whose limits count for the asker, and how his buckets stand."""
        request = Request(method="GET", path=path_of("rate-limit", "my-info"), is_repeatable=True)
        return await self._transport.ask(request, OwnLimits)

    async def standing(self) -> Standing:
        """Say how one's bucket stands after this request; raises ForeignAnswerError where its answer does not say."""
        request = Request(method="GET", path=path_of("rate-limit", "my-info"), is_repeatable=True)
        answer = await self._transport.answer(request)
        buckets = all_shaped(content_of(answer, OwnLimits)["buckets"], Bucket)
        return standing_of(answer.headers, [bucket["rate"] for bucket in buckets])

    async def show(self) -> LimitsInForce:
        """Give the limits in force."""
        request = Request(method="GET", path=path_of("rate-limit", "config"), is_repeatable=True)
        return await self._transport.ask(request, LimitsInForce)

    async def change(self, limits: AllLimits, *, version: int) -> LimitsInForce:
        """Replace all limits of this version; raises PreconditionFailedError where another one is in force."""
        request = Request(
            method="PUT",
            path=path_of("rate-limit", "config"),
            body={**limits},
            headers={"If-Match": f'"{version}"'},
        )
        return await self._transport.ask(request, LimitsInForce)

    async def statistics(self, *, minutes: int = 60) -> Statistics:
        """Say what was asked for in the last minutes, 60 at most, by minute and route."""
        request = Request(
            method="GET", path=path_of("rate-limit", "stats"), query={"minutes": minutes}, is_repeatable=True
        )
        return await self._transport.ask(request, Statistics)

    async def clear_statistics(self) -> None:
        """Forget what was counted, the denials and the anomalies too."""
        await self._transport.answer(Request(method="DELETE", path=path_of("rate-limit", "stats"), is_repeatable=True))

    async def denials(self, *, most: int = 100) -> Sequence[Denial]:
        """Give the last denials, newest first, 1,000 at most."""
        return await all_of(self._transport, path_of("rate-limit", "events"), Denial, limit=most)

    async def anomalies(self) -> Sequence[Anomaly]:
        """Say who asks for far more than in his own last hour, the worst first."""
        return await all_of(self._transport, path_of("rate-limit", "anomalies"), Anomaly)
