"""Dataclasses -> JSON Schema, and plain types -> dataclasses."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_PLAIN = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null"}


def of(kind: Any) -> dict[str, Any]:
    """JSON Schema of a dataclass or of a type made of plain types, tuples, dicts, unions and dataclasses."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        required = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
        return {"type": "object", "required": required, "properties": {k: of(v) for k, v in hints.items()}}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [of(p) for p in parts]}
    if origin is dict:
        return {"type": "object", "additionalProperties": of(parts[1])}
    if origin is tuple and parts[-1] is Ellipsis:
        return {"type": "array", "items": of(parts[0])}
    if origin is tuple:
        return {"type": "array", "prefixItems": [of(p) for p in parts], "minItems": len(parts), "maxItems": len(parts)}
    raise TypeError(f"no JSON Schema for {kind!r}")


def load(kind: Any, value: Any) -> Any:
    """A value of ``kind`` from plain types; unknown keys are ignored.

    Raises:
        ValueError: if a required key is missing or a value is of another type.
    """
    if is_dataclass(kind):
        return _load_dataclass(kind, value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in _PLAIN:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ValueError(f"expected {_PLAIN[kind]}, got {value!r}")
        return value
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _load_literal(parts, value)
    if origin in (Union, types.UnionType):
        return _load_union(parts, value)
    if origin is dict:
        return {k: load(parts[1], v) for k, v in _expected(Mapping, "an object", value).items()}
    many = (parts[0],) * len(_expected((list, tuple), "an array", value)) if parts[-1] is Ellipsis else parts
    if len(_expected((list, tuple), "an array", value)) != len(many):
        raise ValueError(f"expected {len(many)} values, got {value!r}")
    return tuple(load(p, v) for p, v in zip(many, value, strict=True))


def _expected(kind: Any, name: str, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"expected {name}, got {value!r}")
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Types of a dataclass's fields; a report has some hundred dataclasses of few kinds."""
    return get_type_hints(kind)


def _load_literal(parts: tuple[Any, ...], value: Any) -> Any:
    if value not in parts:
        raise ValueError(f"expected one of {', '.join(map(repr, parts))}, got {value!r}")
    return value


def _load_dataclass(kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object for {kind.__name__}, got {value!r}")
    hints = _hints(kind)
    try:
        return kind(**{f.name: load(hints[f.name], value[f.name]) for f in fields(kind) if f.name in value})
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from None


def _load_union(parts: tuple[Any, ...], value: Any) -> Any:
    """The part whose own type the value has already, before any that it can be turned into (5 stays an integer)."""
    for part in sorted(parts, key=lambda p: p is not type(value)):
        try:
            return load(part, value)
        except ValueError:
            continue
    raise ValueError(f"{value!r} fits none of {parts}")
