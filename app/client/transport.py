"""Asks the site, again where that is safe and worth it, and gives its answer or raises why there is none."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx

from app.client.errors import ClientError, ForeignAnswerError, UnreachableError, UntrustedError
from app.client.patience import Patience, Tried
from app.client.problems import problem_of
from app.client.request import Request
from app.client.shaping import content_of

_CONNECT_S = 10.0
_NO_TLS = "WRONG_VERSION_NUMBER"  # how OpenSSL says that what came is no TLS

Shape = TypeVar("Shape")
Retrying = Callable[[ClientError, float], None]  # why, and after how many seconds it is tried again


@dataclass(slots=True)
class Tries:
    """The tries of one request, counted since `began_s`."""

    began_s: float
    times: int = 0
    was_lost: bool = False


class Transport:
    """The one door to httpx. It is used by the resources, and closed by the client that has made it."""

    def __init__(self, http: httpx.AsyncClient, *, patience: Patience, retrying: Retrying | None = None) -> None:
        self._http = http
        self._patience = patience
        self._retrying = retrying

    async def ask(self, request: Request, shape: type[Shape]) -> Shape:
        """Give the answer's content, which is of this shape. Raises ClientErrors."""
        return content_of(await self.answer(request), shape)

    async def answer(self, request: Request) -> httpx.Response:
        """Give a good answer, read to its end. Raises ClientErrors."""
        tries = self.begin()
        while True:
            try:
                answer = await self._once(request)
            except ClientError as error:
                await self.pause(error, request, tries)
            else:
                self._http.cookies.clear()  # a login sets one; here the key alone says who asks
                return answer

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Open an answer that is read bit by bit, at the first try. Raises ClientErrors, also while it is read."""
        # The server's heart-beat comes each 15 s: `within_s` is how long silence may last.
        timeout = httpx.Timeout(request.within_s, connect=_CONNECT_S)
        with _told(request), request.content() as content:
            asked = self._http.build_request(
                request.method, request.path, params=request.parameters, timeout=timeout, **content
            )
            answer = await self._http.send(asked, stream=True)
            try:
                if not answer.is_success:
                    await answer.aread()
                    raise problem_of(answer)
                yield answer
            finally:
                await answer.aclose()

    def begin(self) -> Tries:
        """Begin to count tries."""
        return Tries(asyncio.get_running_loop().time())

    async def pause(self, error: ClientError, request: Request, tries: Tries) -> None:
        """Wait until it may be tried again; raises the error where there is no other try."""
        tries.times += 1
        if isinstance(error, UnreachableError):
            tries.was_lost |= error.may_have_arrived
        tried = Tried(
            times=tries.times,
            spent_s=asyncio.get_running_loop().time() - tries.began_s,
            is_repeatable=request.is_repeatable,
            is_keyed=request.is_keyed,
            was_lost=tries.was_lost,
        )
        pause_s = self._patience.pause_s(error, tried, random.uniform)
        if pause_s is None:
            raise error
        if self._retrying is not None:
            self._retrying(error, pause_s)
        await asyncio.sleep(pause_s)

    async def _once(self, request: Request) -> httpx.Response:
        timeout = httpx.Timeout(request.within_s, connect=_CONNECT_S)
        with _told(request), request.content() as content:
            answer = await self._http.request(
                request.method, request.path, params=request.parameters, timeout=timeout, **content
            )
        if not answer.is_success and answer.status_code not in request.statuses:
            raise problem_of(answer)
        return answer


@contextmanager
def _told(request: Request) -> Iterator[None]:
    """Tell httpx's errors in the client's own words."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        _look_at_tls(error)
        raise UnreachableError(f"cannot connect: {_words(error)}", may_have_arrived=False) from error
    except httpx.TransportError as error:
        why = f"{request.method} {request.path}: the connection broke: {_words(error)}"
        raise UnreachableError(why, may_have_arrived=True) from error
    except (httpx.InvalidURL, httpx.DecodingError) as error:
        raise ForeignAnswerError(str(error)) from error


def _look_at_tls(error: BaseException) -> None:
    """Raise what no other try mends: the other end is not who it should be, or does not speak TLS."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            raise UntrustedError(f"the certificate is not trusted: {found.verify_message}") from error
        if isinstance(found, ssl.SSLError) and found.reason == _NO_TLS:
            raise ForeignAnswerError("no TLS is spoken there: is it http:// instead of https://?") from error
        found = found.__cause__ or found.__context__


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
