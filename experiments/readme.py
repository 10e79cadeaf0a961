"""What a study found, put into its README between two markers: ``<!-- name -->`` and ``<!-- end of name -->``."""

from __future__ import annotations

from pathlib import Path


def put(file: Path, name: str, text: str) -> None:
    """Replace what stands between a file's markers.

    Raises
    ------
    ValueError
        If the file does not have both markers, once and in this order.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    content = file.read_text(encoding="utf-8")
    before, has_begin, rest = content.partition(begin)
    _, has_end, after = rest.partition(end)
    if not (has_begin and has_end) or begin in rest or end in before + after:
        raise ValueError(f"{file}: {begin!r} and {end!r} are needed, each once and in this order")
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
