"""The language of templates: what of Jinja a template may use, so that it ends, and gives JSON.

A template is text with ``{{ … | tojson }}``, ``{% if %}`` and ``{% for %}``. It may not call,
assign, define or include anything: so what a template does grows with its own length and with the
message, and no time-out is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.filters import do_join, do_replace
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_TEMPLATE = 20_000
LONGEST_RESULT = 100_000
"""Characters."""
DEEPEST_LOOP = 2
LONGEST_PIECE = 100
MOST_LISTED = 100
"""Elements of a list that a template is given."""
FILTERS = frozenset(
    {
        *("abs", "capitalize", "default", "d", "first", "float", "int", "join", "last", "length"),
        *("count", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace"),
        *("reverse", "round", "select", "selectattr", "sort", "string", "sum", "tojson", "trim"),
        *("truncate", "unique", "upper"),
    }
)
TESTS = frozenset(
    {
        *("defined", "undefined", "none", "number", "string", "in", "eq", "ne", "lt", "le", "gt"),
        *("ge", "equalto", "sequence", "mapping", "true", "false", "odd", "even"),
    }
)
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Name),
    *(nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword),
    *(nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Slice),
    *(nodes.Concat, nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or),
    *(nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos),
)


class TemplateError(ValueError):
    """The template is wrong, or what it gives is no JSON; the text says where."""


class Template:
    """A checked template. TemplateError when ``source`` is none."""

    def __init__(self, source: str) -> None:
        if len(source) > LONGEST_TEMPLATE:
            raise TemplateError(
                f"expected at most {LONGEST_TEMPLATE} characters; came {len(source)}"
            )
        environment = _environment()
        try:
            tree = environment.parse(source)
            _check(tree)
            for loop in tree.find_all(nodes.For):
                loop.iter = nodes.Filter(loop.iter, _LISTED, [], [], None, None, lineno=loop.lineno)
            self._template = environment.from_string(tree)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"line {error.lineno}: {error.message}") from None
        except RecursionError:
            raise TemplateError("it is nested too deep") from None

    def render(self, context: Mapping[str, Any]) -> bytes:
        """JSON in UTF-8, in one line. Raises TemplateError when the result is none, is too long,
        or when the template uses what the message doesn't have."""
        parts: list[str] = []
        length = 0
        try:
            for part in self._template.generate(context):
                length += len(part)
                if length > LONGEST_RESULT:
                    raise TemplateError(f"the result has more than {LONGEST_RESULT} characters")
                parts.append(part)
        except TemplateError:
            raise
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, KeyError) as error:
            raise TemplateError(f"it can't be filled in: {error}") from error
        text = "".join(parts)
        try:
            return json.dumps(
                json.loads(text, parse_constant=_no_number), ensure_ascii=False
            ).encode()
        except ValueError as error:
            raise TemplateError(f"the result is no JSON: {error}") from None


def _environment() -> ImmutableSandboxedEnvironment:
    made = _Sandbox(undefined=jinja2.StrictUndefined, autoescape=False, cache_size=0)
    made.globals = {}
    made.filters = {name: found for name, found in made.filters.items() if name in FILTERS}
    made.filters |= {"join": _join, "replace": _replace, _LISTED: _listed}
    made.tests = {name: found for name, found in made.tests.items() if name in TESTS}
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False}
    return made


class _Sandbox(ImmutableSandboxedEnvironment):
    """``+`` and ``%`` take numbers: text may be formatted to any width."""

    intercepted_binops = frozenset({"%", "+"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise TemplateError(f"{operator} takes numbers; texts are joined with ~")
        return super().call_binop(context, operator, left, right)


_LISTED = "a list"  # no name that a template could write


def _listed(value: Any) -> Any:
    """What a loop may go through."""
    if not isinstance(value, list | tuple) or len(value) > MOST_LISTED:
        raise TemplateError(f"a loop goes through a list of at most {MOST_LISTED} elements")
    return value


@jinja2.pass_eval_context
def _join(context: Any, value: Any, d: Any = "", attribute: Any = None) -> str:
    """The filter of Jinja, with a short text between."""
    if len(str(d)) > LONGEST_PIECE:
        raise TemplateError(f"join takes at most {LONGEST_PIECE} characters between")
    return _bounded(do_join(context, value, d, attribute))


@jinja2.pass_eval_context
def _replace(context: Any, s: Any, old: Any, new: Any, count: Any = None) -> str:
    """The filter of Jinja, with short texts."""
    if len(str(new)) > LONGEST_PIECE or len(str(s)) > LONGEST_RESULT:
        raise TemplateError(f"replace takes at most {LONGEST_PIECE} characters instead")
    return _bounded(do_replace(context, str(s), str(old), str(new), count))


def _bounded(text: str) -> str:
    if len(text) > LONGEST_RESULT:
        raise TemplateError(f"a text has more than {LONGEST_RESULT} characters")
    return text


def _check(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        where = f"line {getattr(node, 'lineno', 1)}"
        if not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            raise TemplateError(
                f"{where}: a template has no {kind}; use {{{{ … | tojson }}}}, {{% if %}} and "
                "{% for %}"
            )
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateError(f"{where}: a loop is not recursive")
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                if not isinstance(part, nodes.TemplateData) and not _is_json(part):
                    raise TemplateError(f"line {part.lineno}: each {{{{ … }}}} ends with | tojson")
    if _depth(tree) > DEEPEST_LOOP:
        raise TemplateError(f"loops stand at most {DEEPEST_LOOP} deep")


def _is_json(part: nodes.Expr) -> bool:
    return isinstance(part, nodes.Filter) and part.name == "tojson"


def _depth(node: nodes.Node) -> int:
    inside = max((_depth(child) for child in node.iter_child_nodes()), default=0)
    return inside + isinstance(node, nodes.For)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
