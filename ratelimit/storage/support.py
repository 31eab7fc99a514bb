"""What a storage of `limits` has that keeps token buckets, as that library's mix-ins for its own strategies say it."""

from abc import ABC, abstractmethod

from limits.errors import StorageError

from ratelimit.arithmetic import Verb
from ratelimit.bucket import BucketRequest, Decision


class TokenBucketSupport(ABC):
    """The verbs of token buckets; a storage that has them is a `ratelimit.bucket.Buckets`.

    Each raises ValueError for a negative cost and for two requests of one bucket, and what the storage raises where it
    is away; as a StorageError of `limits` where it was made with `wrap_exceptions`.
    """

    wrap_exceptions: bool

    @property
    @abstractmethod
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What it raises where it is away."""

    @abstractmethod
    async def decide(self, verb: Verb, requests: tuple[BucketRequest, ...]) -> Decision:
        """Do this to the buckets, of which there is at least one."""

    @abstractmethod
    async def clear(self, *buckets: str | BucketRequest) -> None:
        """Fill the buckets. A text is a name as `limits` makes it."""

    async def acquire(self, *requests: BucketRequest) -> Decision:
        """Charge all buckets, or none where one has too little."""
        return await self._guarded(Verb.ACQUIRE, requests)

    async def peek(self, *requests: BucketRequest) -> Decision:
        """Say what `acquire` would. Nothing is charged or written."""
        return await self._guarded(Verb.PEEK, requests)

    async def charge(self, *requests: BucketRequest) -> Decision:
        """Charge each bucket whatever it has, down to nothing at most. It counts as admitted."""
        return await self._guarded(Verb.CHARGE, requests)

    async def refund(self, *requests: BucketRequest) -> None:
        """Give back what was charged, up to full at most."""
        await self._guarded(Verb.REFUND, requests)

    async def _guarded(self, verb: Verb, requests: tuple[BucketRequest, ...]) -> Decision:
        try:
            return await self.decide(verb, requests)
        except self.base_exceptions as error:
            if self.wrap_exceptions:
                raise StorageError(error) from error
            raise
