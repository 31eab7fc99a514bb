"""The decorator: an async method whose values are cached, by parameters that it names."""

import functools
import hashlib
import inspect
import typing
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from pydantic import TypeAdapter

from jobs import codec
from jobs.cache.cache import Cache, Plan
from jobs.cache.scopes import Scope


class Caching(Protocol):
    """What has a cache."""

    @property
    def cache(self) -> Cache:
        """The process's."""


Self = TypeVar("Self", bound=Caching)
Params = ParamSpec("Params")
Value = TypeVar("Value")
Method = Callable[Concatenate[Self, Params], Coroutine[Any, Any, Value]]


def cached(
    *, ttl_s: float, key: Sequence[str], scope: Scope
) -> Callable[[Method[Self, Params, Value]], Method[Self, Params, Value]]:
    """Cache what an async method gives, for up to `ttl_s` seconds, under the values of the parameters in `key`.

    No other parameter tells values apart, least of all the object that has the method; all in `key` must have a JSON
    form. The method says what it gives by its annotation, of which the values are read back: they are immutable, and
    None is one like any other. Raises TypeError where it has no such parameter.
    """

    def wrap(method: Method[Self, Params, Value]) -> Method[Self, Params, Value]:
        signature = inspect.signature(method)
        if missing := [name for name in key if name not in signature.parameters]:
            raise TypeError(f"{method.__qualname__} has no parameter {', '.join(missing)}")
        adapter: TypeAdapter[Value] = TypeAdapter(typing.get_type_hints(method)["return"])
        plan = Plan(scope=scope, ttl_s=ttl_s, decode=adapter.validate_json)
        # Another version's values, of another form, have other keys.
        kind = [method.__qualname__, adapter.json_schema()]

        @functools.wraps(method)
        async def read(owner: Self, /, *args: Params.args, **kwargs: Params.kwargs) -> Value:
            bound = signature.bind(owner, *args, **kwargs)
            bound.apply_defaults()
            digest = hashlib.sha256(codec.dumps([kind, [bound.arguments[name] for name in key]])).hexdigest()
            return await owner.cache.read(plan, digest, lambda: method(owner, *args, **kwargs))

        return read

    return wrap
