"""The published JSON schema of reports, and what a value has that it does not allow.

    faults(json.loads(text))        # (): it is a report
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pkgutil import get_data
from typing import Any

TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


@cache
def schema() -> Mapping[str, Any]:
    """The schema, as it lies in the package."""
    data = get_data("handgrad.checking", "report.schema.json")
    assert data is not None, "the package lacks its schema"
    found: Mapping[str, Any] = json.loads(data)
    return found


def faults(value: Any) -> tuple[str, ...]:
    """Where a value is no report: the place, and what the schema wants there."""
    return tuple(_faults(value, schema(), "report"))


def _faults(value: Any, wanted: Mapping[str, Any], place: str) -> Iterator[str]:
    if "$ref" in wanted:
        wanted = schema()["$defs"][wanted["$ref"].rpartition("/")[2]]
    if "enum" in wanted and value not in wanted["enum"]:
        yield f"{place}: {value!r} is none of {wanted['enum']}"
    types = wanted.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, name) for name in types):
        yield f"{place}: {value!r} is no {' or '.join(types)}"
        return
    yield from _of_kind(value, wanted, place)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _of_kind(value: Any, wanted: Mapping[str, Any], place: str) -> Iterator[str]:
    match value:
        case dict():
            yield from (f"{place}: `{name}` is missing" for name in wanted.get("required", ()) if name not in value)
            known = wanted.get("properties", {})
            if wanted.get("additionalProperties") is False:
                yield from (f"{place}: `{name}` does not belong there" for name in value if name not in known)
            for name, inner in known.items():
                if name in value:
                    yield from _faults(value[name], inner, f"{place}.{name}")
        case list():
            if not wanted.get("minItems", 0) <= len(value) <= wanted.get("maxItems", len(value)):
                yield f"{place}: {len(value)} items"
            for n, item in enumerate(value):
                yield from _faults(item, wanted.get("items", {}), f"{place}[{n}]")
        case str() if "pattern" in wanted and not re.search(wanted["pattern"], value):
            yield f"{place}: {value!r} does not look like {wanted['pattern']}"
        case int() | float() if not isinstance(value, bool):
            if value < wanted.get("minimum", value) or value > wanted.get("maximum", value):
                yield f"{place}: {value} is out of range"
