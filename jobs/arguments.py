"""A task's arguments, known from its signature: checked at submission, typed again before the run."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NotRequired, Required, get_type_hints

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from jobs import codec
from jobs.errors import InvalidInputError, Mistake, TaskTableError
from jobs.mistakes import Bounded

MAX_BYTES = 262_144
ROOT = "/args"

# Names that arq's enqueue_job takes for itself; a task's argument of this name would never arrive.
_TAKEN = frozenset({"self", "function"})


class Arguments:
    """The arguments of one task, as a schema made from its function's signature.

    An argument is required where the function gives no default. There are no others: a name that the
    function does not take is a mistake. Types are checked strictly: "5" is no number.
    """

    def __init__(self, task: str, function: Callable[..., Any], *, skip: int) -> None:
        """Read the signature, leaving out the first `skip` parameters. Raises TaskTableError."""
        parameters = list(inspect.signature(function).parameters.values())[skip:]
        hints = get_type_hints(function, include_extras=True)
        # Those that can be given by place.
        self._names = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
        fields: dict[str, Any] = {}
        for parameter in parameters:
            _check(task, parameter, hints)
            required = parameter.default is inspect.Parameter.empty
            hint = hints[parameter.name]
            fields[parameter.name] = Required[hint] if required else NotRequired[hint]
        make: Any = TypedDict  # type checkers know only the form that is written out
        shape = make(f"{task} arguments", fields)
        shape.__pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
        self._adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(shape)
        self._one = Bounded(self._adapter)
        self._shape = shape

    @cached_property
    def _many(self) -> TypeAdapter[list[dict[str, Any]]]:
        listed: Any = list
        return TypeAdapter(listed[self._shape])

    @cached_property
    def _each(self) -> Bounded[list[dict[str, Any]]]:
        return Bounded(self._many)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema (draft 2020-12) of the arguments object."""
        return self._adapter.json_schema()

    def takes(self, name: str) -> bool:
        """Say whether the task has an argument of this name."""
        return name in self._shape.__annotations__

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Give the arguments in their JSON form; raises InvalidInputError naming each wrong field."""
        typed = self._one.check(_encoded(args), root=ROOT)
        stored: dict[str, Any] = self._adapter.dump_python(typed, mode="json")
        return stored

    def check_all(self, many: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Give the arguments of many jobs, encoded, at a fraction of what `check` costs for each.

        Raises InvalidInputError; its pointers begin with the place of the wrong ones, from 0.
        """
        encoded = _encoded_all(many)
        try:
            typed = self._each.check(encoded)
        except InvalidInputError as error:
            raise InvalidInputError([_below_root(one) for one in error.mistakes]) from None
        return [codec.dumps(args) for args in self._many.dump_python(typed, mode="json")]

    def named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give names to arguments that a stock client has given by place; raises InvalidInputError."""
        if not args:
            return kwargs
        if len(args) > len(self._names):
            detail = f"are {len(args)} arguments; the task takes {len(self._names)}"
            raise InvalidInputError([Mistake(pointer=ROOT, detail=detail)])
        by_place = dict(zip(self._names, args, strict=False))
        if twice := by_place.keys() & kwargs.keys():
            raise InvalidInputError([Mistake(pointer=f"{ROOT}/{name}", detail="is given twice") for name in twice])
        return {**by_place, **kwargs}

    def bind(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Give stored arguments the types that the function asks for; raises InvalidInputError."""
        return self._one.check(codec.dumps(args), root=ROOT)


def _encoded(args: Mapping[str, Any]) -> bytes:
    try:
        encoded = codec.check_levels(args, codec.dumps(args))
    except TypeError as error:  # a whole number beyond 64 bits, say: JSON has it, our encoder has not
        raise InvalidInputError([Mistake(pointer=ROOT, detail=str(error).lower())]) from None
    if len(encoded) > MAX_BYTES:
        raise InvalidInputError([Mistake(pointer=ROOT, detail=f"is over the limit of {MAX_BYTES:,} bytes")])
    if codec.holds_nul(encoded):
        raise InvalidInputError([Mistake(pointer=ROOT, detail="holds the character NUL; leave it out")])
    return encoded


def _encoded_all(many: Sequence[Mapping[str, Any]]) -> bytes:
    """Encode a list at once; where that shows that one may be wrong, one by one, to say which."""
    try:
        encoded = codec.check_levels(many, codec.dumps(many))
    except TypeError:
        encoded = b""
    if encoded and len(encoded) <= MAX_BYTES and not codec.holds_nul(encoded):
        return encoded
    each, mistakes = list[bytes](), list[Mistake]()
    for place, args in enumerate(many):
        try:
            each.append(_encoded(args))
        except InvalidInputError as error:
            mistakes += [replace(one, pointer=f"/{place}{one.pointer}") for one in error.mistakes]
    if mistakes:
        raise InvalidInputError(mistakes)
    return b"[%b]" % b",".join(each)


def _below_root(mistake: Mistake) -> Mistake:
    """Make `/17/name` of a list of arguments `/17/args/name`."""
    _, place, *names = mistake.pointer.split("/")
    return replace(mistake, pointer="/".join(["", place, ROOT.removeprefix("/"), *names]))


def _check(task: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> None:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TaskTableError(f"task {task}: {parameter} cannot be given by name; a task takes named arguments only")
    if parameter.name in _TAKEN or parameter.name.startswith("_"):
        raise TaskTableError(f"task {task}: no argument may be called {parameter.name!r}; choose another name")
    if parameter.name not in hints:
        raise TaskTableError(f"task {task}: argument {parameter.name!r} has no type; annotate it")
