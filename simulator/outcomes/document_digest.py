"""The digest of a document: a hash of results that are plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

#: Significant digits that count: the last ones differ between builds of linear algebra.
DIGITS = 9


def document_digest(document: Mapping[str, Any]) -> str:
    """Return a hash of plain data that does not depend on the order of keys.

    Parameters
    ----------
    document : mapping
        Mappings, sequences, text, numbers, switches and None; arrays of numpy count as sequences.

    Returns
    -------
    str
        64 hexadecimal digits over the numbers to nine significant digits.

    Examples
    --------
    >>> document_digest({"a": 0.1 + 0.2, "b": 1}) == document_digest({"b": 1, "a": 0.3})
    True
    """
    text = json.dumps(_rounded(document), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    return value
