"""Kernels that read ties from the bytes of a text file.

A chunk of whole lines is scanned once for the places of the wanted columns; numbers are then read from
these places. Blank lines and lines that start with ``#`` or ``%`` are passed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import kernel

WHITESPACE = 0
"""Separator code: columns are separated by any number of spaces and tabs."""
_NEWLINE = 10
_RETURN = 13
_SPACE = 32
_TAB = 9
_QUOTE = 34
_HASH = 35
_PERCENT = 37
_PLUS = 43
_MINUS = 45
_POINT = 46
_ZERO = 48
_NINE = 57
_EXPONENTS = (69, 101)
_MAX_DIGITS = 18


@kernel
def _is_blank(byte: Any) -> Any:
    return byte in (_SPACE, _TAB, _RETURN)


@kernel
def _field_end(data: Any, start: Any, stop: Any, separator: Any) -> Any:
    """Return where the column that starts here ends."""
    place = start
    if place < stop and data[place] == _QUOTE:
        place += 1
        while place < stop and data[place] != _QUOTE:
            place += 1
    while place < stop:
        byte = data[place]
        if byte == separator or (separator == WHITESPACE and _is_blank(byte)):
            break
        place += 1
    return place


@kernel
def _note_bounds(data: Any, start: Any, stop: Any, bounds: Any, row: Any, wanted: Any, column: Any) -> Any:
    """Note where a wanted column's text is, without blanks and quotes around it."""
    for k in range(wanted.size):
        if wanted[k] != column:
            continue
        first = start
        last = stop
        while first < last and _is_blank(data[first]):
            first += 1
        while last > first and _is_blank(data[last - 1]):
            last -= 1
        if last - first >= 2 and data[first] == _QUOTE and data[last - 1] == _QUOTE:
            first += 1
            last -= 1
        bounds[row, 2 * k] = first
        bounds[row, 2 * k + 1] = last


@kernel
def _scan_line(data: Any, start: Any, stop: Any, separator: Any, wanted: Any, bounds: Any, row: Any) -> Any:
    """Note the wanted columns of one line and return its number of columns; -1 if it holds no tie."""
    while start < stop and _is_blank(data[start]) and data[start] != separator:
        start += 1
    while stop > start and _is_blank(data[stop - 1]) and data[stop - 1] != separator:
        stop -= 1
    if start == stop or data[start] == _HASH or data[start] == _PERCENT:
        return -1
    n_columns = 0
    place = start
    while True:
        end = _field_end(data, place, stop, separator)
        _note_bounds(data, place, end, bounds, row, wanted, n_columns)
        n_columns += 1
        if end >= stop:
            return n_columns
        place = end + 1
        while separator == WHITESPACE and _is_blank(data[place]):
            place += 1


@kernel
def scan(
    data: Any, separator: Any, n_columns: Any, wanted: Any, first_line: Any, skipped: Any,
    bounds: Any, lines: Any, wrong: Any
) -> Any:  # fmt: skip
    """Find the wanted columns in every line of a chunk.

    Parameters
    ----------
    data : ndarray of uint8
        Whole lines.
    separator : int
        Byte between columns, or 0 for any number of blanks.
    n_columns : int
        Columns that each line must have.
    wanted : ndarray of int64
        Columns to find, from 0; -1 finds none.
    first_line : int
        Number of the chunk's first line in its file, from 1.
    skipped : int
        Line that holds the header; 0 if there is none.
    bounds : ndarray of int32, shape (n_lines, 2 * len(wanted))
        Start and end of each wanted column, row by row.
    lines : ndarray of int64, shape (n_lines,)
        Number of each row's line in the file.
    wrong : ndarray of int64, shape (3,)
        Line and number of columns of the first line with a wrong number, and how many there are.

    Returns
    -------
    tuple of int
        Number of rows and of lines.
    """
    row = 0
    line = first_line
    start = 0
    while start < data.size:
        stop = start
        while stop < data.size and data[stop] != _NEWLINE:
            stop += 1
        found = -1
        if line != skipped:
            found = _scan_line(
                data, np.int64(start), np.int64(stop), separator, wanted, bounds, np.int64(row)
            )
        if found == n_columns:
            lines[row] = line
            row += 1
        elif found >= 0:
            if wrong[2] == 0:
                wrong[0] = line
                wrong[1] = found
            wrong[2] += 1
        line += 1
        start = stop + 1
    return row, line - first_line


@kernel
def read_integers(data: Any, bounds: Any, column: Any, out: Any) -> Any:
    """Read whole numbers in their plain form; return whether all are.

    Plain means an optional minus sign and up to 18 digits without leading zeros, so that number and text
    are the same thing; 007 is a name and no number.
    """
    for row in range(out.size):
        start = bounds[row, 2 * column]
        stop = bounds[row, 2 * column + 1]
        is_negative = start < stop and data[start] == _MINUS
        first = start + 1 if is_negative else start
        n_digits = stop - first
        if n_digits < 1 or n_digits > _MAX_DIGITS or (data[first] == _ZERO and (n_digits > 1 or is_negative)):
            return False
        value = np.int64(0)
        for place in range(first, stop):
            digit = np.int64(data[place]) - _ZERO
            if digit < 0 or digit > 9:
                return False
            value = value * 10 + digit
        out[row] = -value if is_negative else value
    return True


@kernel
def _read_number(data: Any, start: Any, stop: Any) -> Any:
    """Read one decimal number; nan if it is none."""
    place = start
    sign = 1.0
    if place < stop and data[place] in (_MINUS, _PLUS):
        sign = -1.0 if data[place] == _MINUS else 1.0
        place += 1
    mantissa = 0.0
    scale = 0
    n_digits = 0
    has_point = False
    while place < stop and (_ZERO <= data[place] <= _NINE or (data[place] == _POINT and not has_point)):
        if data[place] == _POINT:
            has_point = True
        else:
            n_digits += 1
            mantissa = mantissa * 10.0 + (np.int64(data[place]) - _ZERO)
            scale -= has_point
        place += 1
    if n_digits == 0:
        return np.nan
    if place < stop and data[place] in _EXPONENTS:
        place += 1
        is_negative = place < stop and data[place] == _MINUS
        if place < stop and data[place] in (_MINUS, _PLUS):
            place += 1
        if place == stop:
            return np.nan
        power: Any = 0
        while place < stop and _ZERO <= data[place] <= _NINE:
            power = min(power * 10 + (np.int64(data[place]) - _ZERO), 9999)
            place += 1
        scale += -power if is_negative else power
    if place != stop:
        return np.nan
    for _ in range(min(abs(scale), 400)):
        mantissa = mantissa * 10.0 if scale > 0 else mantissa / 10.0
    return sign * mantissa


@kernel
def read_numbers(data: Any, bounds: Any, column: Any, out: Any) -> Any:
    """Read decimal numbers, to about 15 digits; nan where there is none."""
    for row in range(out.size):
        out[row] = _read_number(data, bounds[row, 2 * column], bounds[row, 2 * column + 1])


@kernel
def text_offsets(bounds: Any, column: Any, n_rows: Any) -> Any:
    """Return where each row's text begins when the texts of a column follow one another."""
    offsets = np.zeros(n_rows + 1, dtype=np.int32)
    for row in range(n_rows):
        offsets[row + 1] = offsets[row] + bounds[row, 2 * column + 1] - bounds[row, 2 * column]
    return offsets


@kernel
def gather_text(data: Any, bounds: Any, column: Any, offsets: Any, out: Any) -> Any:
    """Copy the texts of a column one after another."""
    for row in range(offsets.size - 1):
        start = bounds[row, 2 * column]
        place = offsets[row]
        for k in range(offsets[row + 1] - place):
            out[place + k] = data[start + k]
