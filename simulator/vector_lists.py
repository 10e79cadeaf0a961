"""Lists of the few out of many, and memory fetched ahead: what compiled loops cannot say in plain numba.

A loop that appends whoever is marked takes two or three cycles for each that is not. One instruction of
newer processors moves the marked of sixteen numbers to the front; elsewhere LLVM spells it out.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

_config: Any = numba.config
_GARBAGE = 2**31 - 1
#: Numbers that are listed at once.
WIDTH = 16
_HAS_COMPRESS = binding.llvm_version_info[0] >= 19
_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_MARKS, _MASK, _NUMBERS = (ir.VectorType(kind, WIDTH) for kind in (_I8, ir.IntType(1), _I32))


def _pointer(context: Any, builder: Any, kind: Any, array: Any, offset: Any, to: Any) -> Any:
    data = make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), to.as_pointer())


def _splat(builder: Any, value: Any, kind: Any) -> Any:
    """Return a vector of one value."""
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, one, ir.Constant(_NUMBERS, [0] * WIDTH))


def _store_each(builder: Any, numbers: Any, mask: Any, into: Any) -> None:
    """Store the marked numbers one by one, each over the last that was not."""
    at = ir.Constant(_I64, 0)
    for lane in range(WIDTH):
        place = ir.Constant(_I32, lane)
        builder.store(builder.extract_element(numbers, place), builder.gep(into, [at]))
        at = builder.add(at, builder.zext(builder.extract_element(mask, place), _I64))


def _store_compressed(builder: Any, numbers: Any, mask: Any, into: Any) -> None:
    """Store the marked numbers first, all at once."""
    kind = ir.FunctionType(_NUMBERS, [_NUMBERS, _MASK, _NUMBERS])
    name = f"llvm.experimental.vector.compress.v{WIDTH}i32"
    compress = cgutils.get_or_insert_function(builder.module, kind, name)
    front = builder.call(compress, [numbers, mask, ir.Constant(_NUMBERS, ir.Undefined)])
    builder.store(front, builder.bitcast(into, _NUMBERS.as_pointer()), align=4)


def _list_compiled(
    typing_context: Any, marks: Any, offset: Any, bits: Any, value: Any, end: Any, into: Any, at: Any
) -> Any:
    signature = types.int64(marks, types.int64, types.uint8, types.int32, types.int32, into, types.int64)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        source = _pointer(context, builder, kinds[0], given[0], given[1], _MARKS)
        marked = builder.and_(builder.load(source, align=1), _splat(builder, given[2], _MARKS))
        mask = builder.icmp_unsigned("!=", marked, ir.Constant(_MARKS, [0] * WIDTH))
        first = _splat(builder, given[3], _NUMBERS)
        numbers = builder.add(first, ir.Constant(_NUMBERS, list(range(WIDTH))))
        mask = builder.and_(mask, builder.icmp_signed("<", numbers, _splat(builder, given[4], _NUMBERS)))
        target = _pointer(context, builder, kinds[5], given[5], given[6], _I32)
        store = _store_compressed if _HAS_COMPRESS else _store_each
        store(builder, numbers, mask, target)
        return builder.zext(builder.ctpop(builder.bitcast(mask, _I16)), _I64)

    return signature, generate


def _list_plain(
    marks: np.ndarray, offset: int, bits: Any, value: Any, end: Any, into: np.ndarray, at: int
) -> int:
    """List the marked among sixteen numbers.

    Parameters
    ----------
    marks : uint8 array, contiguous
        Marks of many numbers, in any shape.
    offset : int
        Where the marks of these sixteen begin.
    bits : uint8
        Bits of which a mark must have any.
    value : int32
        The first number; the others follow it.
    end : int32
        Numbers from here on are not listed, whatever their mark.
    into : int32 array, contiguous
        The list; sixteen places from ``at`` on may be overwritten.
    at : int
        Where the list goes on.

    Returns
    -------
    int
        How many were listed.
    """
    if at + WIDTH > into.size:
        raise IndexError(f"no room for {WIDTH} numbers from {at} on in a list of {into.size}")
    group = marks.reshape(-1)[offset : offset + WIDTH]
    listed = [value + lane for lane in range(WIDTH) if group[lane] & bits and value + lane < end]
    # as compiled: whatever stands behind the listed is written over
    into.reshape(-1)[at : at + WIDTH] = listed + [_GARBAGE] * (WIDTH - len(listed))
    return len(listed)


def _fetch_compiled(typing_context: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], given[0], given[1], _I8)
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", (pointer.type,), kind)
        builder.call(prefetch, [pointer, *(ir.Constant(_I32, x) for x in (0, 3, 1))])
        return context.get_dummy_value()

    return types.none(array, types.int64), generate


def _fetch_plain(array: np.ndarray, index: int) -> None:
    """Have the memory of an array's entry fetched, which is needed soon; any index is harmless."""


#: As :func:`_list_plain` and :func:`_fetch_plain` say, for compiled code too.
list_marked: Any = _list_plain if _config.DISABLE_JIT else intrinsic(_list_compiled)
fetch_ahead: Any = _fetch_plain if _config.DISABLE_JIT else intrinsic(_fetch_compiled)
