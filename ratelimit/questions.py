"""What is asked of the buckets in Redis: those who want the same of the same buckets at the same moment ask once."""

import asyncio
from collections.abc import Callable, Sequence

from ratelimit import script
from ratelimit.arithmetic import Ask, Verb
from ratelimit.bucket import Backend, BucketRequest, Decision
from ratelimit.coalescer import Answer, Coalescer
from ratelimit.translation import asks_of, decision_of

Requests = tuple[BucketRequest, ...]
Place = asyncio.Future[Decision]


class Questions:
    """Asks by the script, through a coalescer.

    Whoever wants to acquire what another is just about to ask for shares the question with him: it asks for the sum. If
    that fits, so would each in his turn, and all are told how the buckets stand with all of them charged. If it does
    not, nothing was charged, and each asks by himself.
    """

    def __init__(self, coalescer: Coalescer, *, prefix: str, clock: Callable[[], int] | None) -> None:
        """Take what the buckets' names begin with; `clock` is for tests, as that of the storage."""
        self._coalescer = coalescer
        self._prefix = prefix
        self._clock = clock
        self._open: dict[Requests, _Question] = {}  # they have not left: others may join

    async def ask(self, verb: Verb, requests: Requests) -> Decision:
        """Ask; raises ValueError for what cannot be asked, and the coalescer's error where there is no answer."""
        question = self._open.get(requests) if verb is Verb.ACQUIRE else None
        if question is None:
            question = _Question(self, verb, requests, asks_of(requests))
            self._coalescer.send(question)
            if verb is Verb.ACQUIRE:
                self._open[requests] = question
        place: Place = asyncio.get_running_loop().create_future()
        question.places.append(place)
        return await place

    def close(self, question: "_Question", asks: Sequence[Ask]) -> Sequence[script.Word]:
        """Let nobody join any more; give the script's words for what is asked."""
        if self._open.get(question.requests) is question:
            del self._open[question.requests]
        return script.arguments(question.verb, asks, prefix=self._prefix, now_us=self._clock and self._clock())

    def part(self, question: "_Question") -> None:
        """Let each who waits for an answer ask by himself."""
        for place in question.places:
            self._coalescer.send(_Question(self, question.verb, question.requests, question.asks, place))


class _Question:
    """A call of the script, and the places of those who wait for its answer."""

    __slots__ = ("_questions", "asks", "places", "requests", "verb")

    def __init__(
        self, questions: Questions, verb: Verb, requests: Requests, asks: Sequence[Ask], *places: Place
    ) -> None:
        self._questions = questions
        self.verb = verb
        self.requests = requests
        self.asks = asks
        self.places = list(places)

    def leave(self) -> Sequence[script.Word] | None:
        """Ask for all who still wait."""
        self.places = [place for place in self.places if not place.done()]
        amount = len(self.places)
        words = self._questions.close(self, self.asks if amount == 1 else [_times(amount, ask) for ask in self.asks])
        return words if amount else None

    def arrive(self, answer: Answer) -> None:
        """Tell all who wait."""
        if isinstance(answer, BaseException):
            for place in self._waiting():
                place.set_exception(answer)
            return
        now_us, fills = script.read(answer)
        decision = decision_of(self.requests, now_us, fills, Backend.REDIS)
        if not decision.admitted and len(self.places) > 1:
            self._questions.part(self)
            return
        for place in self._waiting():
            place.set_result(decision)

    def _waiting(self) -> list[Place]:
        return [place for place in self.places if not place.done()]


def _times(amount: int, ask: Ask) -> Ask:
    """Ask for as many times as much; where no bucket ever holds that, it is refused, and each asks by himself."""
    return ask._replace(need=amount * ask.need)
