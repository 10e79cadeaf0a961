"""Writing plain data as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def to_toml(data: Mapping[str, Any]) -> str:
    """Write tables, lists and values as TOML.

    Parameters
    ----------
    data : mapping
        Made of dict, list, str, int, float and bool; lists of tables become arrays of tables.

    Returns
    -------
    str
        Text that `tomllib` reads back as equal data.

    Examples
    --------
    >>> print(to_toml({"horizon": 2, "market": {"currency": "EUR"}}))
    horizon = 2
    <BLANKLINE>
    [market]
    currency = "EUR"
    <BLANKLINE>
    """
    blocks: list[list[str]] = []
    _write_table(data, "", "", blocks)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _write_table(table: Mapping[str, Any], name: str, header: str, blocks: list[list[str]]) -> None:
    values = {key: value for key, value in table.items() if not _has_header(value)}
    nested = {key: value for key, value in table.items() if _has_header(value)}
    block = [header] if header and (values or not nested or header.startswith("[[")) else []
    block += [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    if block:
        blocks.append(block)
    for key, value in nested.items():
        path = f"{name}.{_key(key)}" if name else _key(key)
        if isinstance(value, Mapping):
            _write_table(value, path, f"[{path}]", blocks)
        else:
            for item in value:
                _write_table(item, path, f"[[{path}]]", blocks)


def _has_header(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")
