"""Text files of ties and consumers: opened plain or gzipped, in chunks of whole lines."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.model.network.tie_lines import WHITESPACE

SEPARATORS = {"comma": ord(","), "tab": ord("\t"), "space": WHITESPACE, "semicolon": ord(";")}
CHUNK_BYTES = 1 << 23
"""How much of a file is read at once."""
_SNIFF_BYTES = 1 << 16
_SNIFF_LINES = 20
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")


def read_blocks(path: Path, n_bytes: int | None = None) -> Iterator[bytes]:
    """Yield a file's bytes block by block, decompressed.

    Raises
    ------
    NetworkError
        If the file is missing, is no file, cannot be read or is not what its name says.
    """
    try:
        with _open(path) as stream:
            is_first = True
            while block := stream.read(n_bytes or CHUNK_BYTES):
                if is_first and block.startswith(_WIDE_TEXT):
                    raise NetworkError(
                        [Fault(str(path), "UTF-16 text", "UTF-8 text", "save the file as UTF-8")]
                    )
                yield block.removeprefix(_BYTE_ORDER_MARK) if is_first else block
                is_first = False
    except FileNotFoundError:
        remedy = (
            "correct the path; a relative path starts from the working folder, in a scenario file from there"
        )
        raise NetworkError([Fault(str(path), "no such file", "an existing file", remedy)]) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        got = f"damaged gzip data ({error})"
        raise NetworkError(
            [Fault(str(path), got, "a complete gzip file", "compress or download it again")]
        ) from None
    except OSError as error:
        got = f"unreadable ({error.strerror or error})"
        raise NetworkError([Fault(str(path), got, "a readable file")]) from None


def _open(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    is_gzip = stream.read(2) == _GZIP
    stream.seek(0)
    if is_gzip:
        stream.close()
        return cast(IO[bytes], gzip.open(path, "rb"))
    if path.suffix == ".gz":
        stream.close()
        expected = "gzip data, as the name ends in .gz"
        raise NetworkError([Fault(str(path), "not gzip data", expected, "rename or compress the file")])
    return stream


def chunks(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield a file's bytes in chunks of whole lines, decompressed."""
    rest = b""
    for block in read_blocks(path):
        end = block.rfind(b"\n") + 1
        if end == 0:
            rest += block
            continue
        yield np.frombuffer(rest + block[:end], dtype=np.uint8)
        rest = block[end:]
    if rest:
        yield np.frombuffer(rest, dtype=np.uint8)


def first_lines(path: Path) -> list[tuple[int, str]]:
    """Return the first lines that are neither blank nor comments, with their numbers from 1."""
    block = next(read_blocks(path, _SNIFF_BYTES), b"")
    lines = block.decode(errors="replace").split("\n")
    if len(lines) > 1 and len(block) >= _SNIFF_BYTES - len(_BYTE_ORDER_MARK):
        lines.pop()
    found = [
        (number, line.strip("\r"))
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith(("#", "%"))
    ]
    return found[:_SNIFF_LINES]


def sniff_separator(line: str) -> int:
    """Return the code of what separates the columns of a line: tab, comma, semicolon, or else blanks."""
    for name in ("tab", "comma", "semicolon"):
        if chr(SEPARATORS[name]) in line:
            return SEPARATORS[name]
    return WHITESPACE


def split_line(line: str, separator: int) -> list[str]:
    """Return the columns of one line."""
    if separator == WHITESPACE:
        return [text.strip('"') for text in line.split()]
    return [
        text.strip() for text in next(csv.reader([line], delimiter=chr(separator), skipinitialspace=True))
    ]
