"""Errors of pydantic in the words of a site's file: what was expected, what came, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from connectors.outbound.target import SECRET_PART
from service.settings.problems import choose, closest, lowered, shown

Where = tuple[str | int, ...]

SECRET_WORDS = ("secret", "token", "password", "private")


def explain(model: type[BaseModel], path: Where, detail: ErrorDetails) -> tuple[str, str, str]:
    """Expected, found and remedy of one error that pydantic reports of ``model`` at ``path``."""
    key = path[-1] if path else ""
    owner = _owner(model, path)
    message = detail["msg"]
    match detail["type"]:
        case "missing":
            return "a value", "none", _example(owner, key) or f"add {key} = …"
        case "extra_forbidden":
            known = sorted(owner.model_fields) if owner is not None else []
            remedy = choose(str(key), known, otherwise="remove it") if known else "remove it"
            return "a known setting", shown(key), remedy
        case "value_error":
            return _own_check(model, path, detail)
        case "literal_error" | "enum":
            choices = re.findall(r"'([^']*)'", message)
            near = closest(str(detail["input"]), choices)
            expected = " or ".join(f'"{choice}"' for choice in choices)
            remedy = (
                f'did you mean "{near}"?' if near else _example(owner, key) or "use one of them"
            )
            return expected, _found(model, detail), remedy
    expected = _PLAIN.get(detail["type"], message)
    for start, instead in _STARTS:
        if expected.startswith(start):
            expected = instead + expected.removeprefix(start)
    example = _example(owner, key)
    if detail["type"].startswith("url_"):
        example = example or f'write e.g. {key} = "https://host/path"'
    return lowered(expected), _found(model, detail), example or "correct it"


def _own_check(model: type[BaseModel], path: Where, detail: ErrorDetails) -> tuple[str, str, str]:
    """An error from a connector's own check, whose one sentence says it all."""
    sentence = detail["msg"].removeprefix("Value error, ")
    first, _, rest = sentence.partition("; ")
    if not first.startswith("expected "):
        expected = "a valid value" if path else "settings that fit together"
        return expected, _found(model, detail), lowered(sentence)
    remedy = rest.removeprefix(f"came {detail['input']!r}").lstrip(":; ")
    return first.removeprefix("expected "), _found(model, detail), lowered(remedy) or "correct it"


def path_of(detail: ErrorDetails) -> Where:
    """Where the error is, without what pydantic adds to name the branch of a union or a key."""
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":  # the last part is the key, whatever it looks like
        return loc
    return tuple(part for part in loc if isinstance(part, int) or not set(part) & set("[("))


_PLAIN = {
    "string_type": "text in quotes",
    "string_too_short": "text that is not empty",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list in brackets",
    "list_type": "a list in brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "finite_number": "a finite number",
    "url_parsing": "a complete address such as http://host/path",
}
_STARTS = (
    ("Input should be greater than or equal to ", "a number of at least "),
    ("Input should be less than or equal to ", "a number of at most "),
    ("Input should be greater than ", "a number above "),
    ("Input should be less than ", "a number below "),
    ("Input should be ", ""),
    ("Input should have ", "a value with "),
    ("String should match pattern ", "text that matches "),
    ("String should have ", "text of "),
    ("URL scheme should be ", "an address that begins with "),
)


def _found(model: type[BaseModel], detail: ErrorDetails) -> str:
    """What came, unless it may be a secret."""
    field = model.model_fields.get(str(detail["loc"][0])) if detail["loc"] else None
    is_secret = field is not None and SecretStr in (field.annotation, *get_args(field.annotation))
    if is_secret or any(word in str(part) for part in detail["loc"] for word in SECRET_WORDS):
        return "something else"
    if isinstance(detail["input"], dict):
        return "this table"
    return shown(_without_tokens(detail["input"]))


def _without_tokens(value: object) -> object:
    """An address without what may be secret in it: a user, the query, long parts of the path;
    anything else as it is."""
    if not isinstance(value, str) or "://" not in value:
        return value
    scheme, _, rest = value.partition("?")[0].partition("://")
    host, *path = rest.split("/")
    host = f"…@{host.rpartition('@')[2]}" if "@" in host else host
    return f"{scheme}://{'/'.join([host, *('…' if len(p) >= SECRET_PART else p for p in path)])}"


def _example(owner: type[BaseModel] | None, key: str | int) -> str | None:
    """``write e.g. key = …`` from the field's own example."""
    field = owner.model_fields.get(str(key)) if owner is not None else None
    if field is None or not field.examples:
        return None
    example = field.examples[0]
    is_date = field.annotation is not None and "date" in getattr(field.annotation, "__name__", "")
    return f"write e.g. {key} = {example if is_date else toml_text(example)}"


def toml_text(value: object) -> str:
    """``value`` as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case list():
            return f"[{', '.join(toml_text(item) for item in value)}]"
        case dict():
            pairs = ", ".join(f"{key} = {toml_text(item)}" for key, item in value.items())
            return f"{{ {pairs} }}"
        case _:
            return str(value)


def _owner(model: type[BaseModel], path: Where) -> type[BaseModel] | None:
    """The model that the last part of ``path`` is a field of, or should be."""
    owner: type[BaseModel] | None = model
    for part in path[:-1]:
        if isinstance(part, int) or owner is None:
            continue
        field = owner.model_fields.get(part)
        owner = None if field is None else next(_models_in(field.annotation), None)
    return owner


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
