"""Turns environment variables into a frozen settings object, with every mistake found at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from jobs.credentials import credentials
from jobs.errors import SettingsError


class EnvironmentModel(BaseModel):
    """The base of a settings object: each field's alias is the variable that it is read from."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One line of the printed table of settings."""

    name: str
    default: str
    meaning: str


def variables(model: type[BaseModel]) -> tuple[Variable, ...]:
    """List the variables of a settings model in the order of its fields."""
    return tuple(
        Variable(
            name=field.alias or name,
            default="required" if field.is_required() else _shown(field.default),
            meaning=field.description or "",
        )
        for name, field in model.model_fields.items()
    )


def read(model: type[Model], environ: Mapping[str, str], *, prefix: str) -> Model:
    """Read one package's settings: an EnvironmentModel, or one alike of a package that does not know this one.

    What is not set may be in a file, see `jobs.credentials`. A variable that is set to nothing counts as not set. One
    that begins with `prefix` and is not known is a mistake, so that a misspelt name cannot pass unseen; files are held
    to the same. Raises SettingsError with all mistakes, a line each.
    """
    known = {variable.name for variable in variables(model)}
    files = credentials(environ, lambda name: name in known or name.startswith(prefix))
    said = files | {name: text for name, text in environ.items() if text.strip()}
    given = {name: text for name in known if (text := said.get(name, "").strip())}
    names = sorted(files.keys() | environ.keys())
    mistakes = [_unknown(name, known) for name in names if name.startswith(prefix) and name not in known]
    try:
        settings = model.model_validate(given)
    except ValidationError as error:
        mistakes += [_wrong(problem) for problem in error.errors()]
    else:
        if not mistakes:
            return settings
    raise SettingsError("\n".join(mistakes))


def _unknown(name: str, known: set[str]) -> str:
    similar = get_close_matches(name, known, n=1)
    mend = f"did you mean {similar[0]}?" if similar else "remove it, or see the table in app/docs/reference/settings.md"
    return f"{name}: there is no such setting; {mend}"


def _wrong(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"]) or "settings"
    if problem["type"] == "missing":
        return f"{name}: is not set, and has no default"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"


def _shown(default: Any) -> str:  # noqa: ANN401  a default may be of any type
    if default is None or default == ():
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
