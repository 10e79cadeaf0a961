"""The one place that knows numba: how rules and kernels are compiled and where their code is cached.

Three kinds of compiled function, and no other:

* a *rule* is a small scalar function, inlined where it is called, so that a loop over consumers that
  calls it can be vectorized;
* a *kernel* loops over consumers, releases the interpreter lock, and is cached on disk;
* a *frame* is a kernel put together from *parts*, which are inlined into it and allocate nothing.

Floating-point arithmetic is IEEE: ``fastmath`` stays off, so that every engine, thread count and machine
gives the same bits. ``error_model="numpy"`` removes the zero-division branch that would keep loops scalar.

The on-disk cache of numba does not notice an edit in an imported module. The cache folder is therefore
named after a hash of all sources that a kernel can import and of the versions involved: a stale kernel
cannot run. The market and the classic diffusion models have a folder each, so that an edit of one leaves
the other's kernels alone.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import binding
from numba.core import cgutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import intrinsic

try:
    from simulator.part_compiler import PartCompiler
except ImportError:
    _PIPELINE: dict[str, Any] = {}
else:
    _PIPELINE = {"pipeline_class": PartCompiler}

# the published types of numba lack the options that are used here
_njit: Any = numba.njit
_config: Any = numba.config
_PACKAGE = Path(__file__).resolve().parent


#: Folders of sources that the kernels of each room may import; all import the model.
_ROOMS = {"market": ("model", "engines"), "diffusion": ("model", "diffusion")}
#: Files besides, for the kernels of every room and for those of one.
_FOR_ALL = ("compiled.py", "part_compiler.py", "scenario/parameters.py")
_ALONE: dict[str, tuple[str, ...]] = {"market": ("vector_lists.py",), "diffusion": ()}


def source_hash(room: str = "market") -> str:
    """Return a hash of all sources that a room's kernels depend on, of numba, numpy and the architecture.

    Parameters
    ----------
    room : {"market", "diffusion"}
        The market (model and engines), or the classic diffusion models.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    digest = hashlib.sha256()
    sources = [path for folder in _ROOMS[room] for path in _PACKAGE.glob(f"{folder}/**/*.py")]
    sources += [_PACKAGE / name for name in (*_FOR_ALL, *_ALONE[room])]
    for path in sorted(sources):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    for part in (numba.__version__, np.__version__, platform.machine(), platform.python_version()):
        digest.update(part.encode())
    digest.update(f"{_config.BOUNDSCHECK} {_config.OPT}".encode())
    return digest.hexdigest()[:16]


def _is_ours(folder: Path) -> bool:
    """Return whether a folder can be made and written to, and is not somebody else's: code is read from it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return folder.stat().st_uid == os.fstat(file.fileno()).st_uid
    except OSError:
        return False


def _is_trusted(path: Path, owners: tuple[int, ...]) -> bool:
    """Return whether one of these owns a file or folder and nobody else may write to it."""
    found = path.stat()
    return found.st_uid in owners and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _take_over(source: Path, folder: Path) -> None:
    """Copy kernels that can only be read, code before lists: those of this user or of the system, whom one trusts."""
    with contextlib.suppress(OSError):
        owners = 0, folder.stat().st_uid
        found = sorted(source.rglob("*.nb[ci]"), key=lambda path: path.suffix)
        if not all(_is_trusted(path, owners) for path in (source, *{path.parent for path in found}, *found)):
            return
        for path in found:
            target = folder / path.relative_to(source)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                own = target.with_name(f"{target.name}.{os.getpid()}")
                try:
                    own.write_bytes(path.read_bytes())
                    own.replace(target)
                finally:
                    own.unlink(missing_ok=True)


def cache_folder(room: str = "market") -> Path:
    """Return the folder of a room's compiled kernels for exactly these sources, created if need be.

    The first writable of ``SIMULATOR_CACHE``, ``XDG_CACHE_HOME``, ``~/.cache`` and the system's
    temporary folder is used, so that a read-only home does not stop a run. Kernels that lie in one before it, which
    can only be read (as in a container), are taken from there.

    Parameters
    ----------
    room : {"market", "diffusion"}
        As for :func:`source_hash`.
    """
    roots = [os.environ.get("SIMULATOR_CACHE"), os.environ.get("XDG_CACHE_HOME")]
    candidates = [Path(root) for root in roots if root]
    with contextlib.suppress(RuntimeError):
        candidates.append(Path.home() / ".cache")
    candidates.append(Path(tempfile.gettempdir()))
    to_read: list[Path] = []
    for candidate in candidates:
        folder = candidate / "consumer-market-simulator" / source_hash(room)
        if _is_ours(folder):
            for other in to_read:
                _take_over(other, folder)
            return folder
        to_read.append(folder)
    return Path(tempfile.mkdtemp(prefix="consumer-market-simulator-"))


_folder_of = functools.cache(cache_folder)


def _keep_safely(compiled: Any) -> Any:
    """Store compiled code under a name of its own, before it is listed; go on without where it cannot be stored.

    Numba numbers the files of a function's signatures in the order of their listing, lists before it stores,
    and gives up a run when the disk is full: of two processes that compile different signatures at once, one
    could later be given the other's code.
    """
    files: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    needed = ("_data_name", "_save_data", "_load_index", "_save_index", "save")
    if not all(hasattr(files, name) for name in needed):
        return compiled

    def save(key: Any, data: Any) -> None:
        number = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:6], "big")
        name = files._data_name(number)
        with contextlib.suppress(OSError):
            files._save_data(name, data)
            listed = files._load_index()
            listed[key] = name
            files._save_index(listed)

    files.save = save
    return compiled


# two vectors at a time: LLVM would take four in short loops, whose rest and registers then cost more than they save
_OURS, _USUAL = "-force-vector-interleave=2", "-force-vector-interleave=0"
_n_compiling = 0


def _with_our_options(compiled: Any) -> Any:
    """Have a function compiled with options of LLVM that hold for the process: they are set for that long only."""
    compile_usually = compiled.compile

    def compile_for(signature: Any) -> Any:
        global _n_compiling
        with global_compiler_lock:
            _n_compiling += 1
            binding.set_option("", _OURS)
            try:
                return compile_usually(signature)
            finally:
                _n_compiling -= 1
                if _n_compiling == 0:
                    binding.set_option("", _USUAL)

    compiled.compile = compile_for
    return compiled


def _cached(function: Callable[..., Any], **options: Any) -> Any:
    """Compile with a cache in the folder of the function's room: numba looks the folder up right here."""
    if _config.DISABLE_JIT:
        return function
    room = "diffusion" if function.__module__.startswith("simulator.diffusion") else "market"
    elsewhere, _config.CACHE_DIR = _config.CACHE_DIR, str(_folder_of(room))
    try:
        return _with_our_options(_keep_safely(_njit(error_model="numpy", cache=True, **options)(function)))
    finally:
        _config.CACHE_DIR = elsewhere


# a part is called by compiled code alone: wrappers for Python and C would take most of the compile time
_NO_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_SIGNATURES: list[tuple[Any, str]] = []
_ENTRIES: dict[int, Any] = {}


def rule(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """Compile a scalar behaviour rule so that it is inlined into the loop that calls it.

    Parameters
    ----------
    signature : str
        Types of result and arguments in numba's notation, for example ``"f4(f4, f4)"``.

    Returns
    -------
    Callable
        A decorator. The rule is compiled when a kernel first calls it, or by
        :func:`compile_rules_for_python`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = _cached(function, forceinline=True, no_cfunc_wrapper=True)
        _SIGNATURES.append((compiled, signature))
        return compiled

    return decorate


def compile_rules_for_python() -> None:
    """Compile every rule for its declared types alone, so that Python code may call it.

    Python's floating-point numbers have 64 bits; without this a rule called from Python would be
    compiled for 64 bits and give other bits than inside a kernel.
    """
    if not is_compiled():
        return
    for compiled, signature in _SIGNATURES:
        if compiled._can_compile:
            _ENTRIES[id(compiled)] = compiled.compile(signature)
            compiled.disable_compile()


def called_from_python(function: Any) -> Any:
    """Return a rule's code for its declared types, to be called without the choice among types at every call.

    Parameters
    ----------
    function : rule
        What is to be called. Anything else, and everything where nothing is compiled, is returned as it is.
    """
    compile_rules_for_python()
    return _ENTRIES.get(id(function), function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over consumers: no interpreter lock, IEEE arithmetic, cached on disk."""
    return _cached(function, nogil=True, boundscheck=False)


def part(function: Callable[..., Any]) -> Any:
    """Compile a piece of a :func:`frame`, inlined into it, so that passing whole records costs nothing."""
    options = dict(error_model="numpy", nogil=True, forceinline=True, _nrt=False, **_NO_WRAPPERS)
    return _njit(**_PIPELINE, **options)(function)


def subframe(function: Callable[..., Any]) -> Any:
    """Compile a piece of a :func:`frame` that is called, not inlined: once per block, from several places."""
    options = dict(error_model="numpy", nogil=True, _nrt=False, **_NO_WRAPPERS)
    return _njit(**_PIPELINE, **options)(function)


def frame(function: Callable[..., Any]) -> Any:
    """Compile a kernel that is put together from parts and allocates nothing.

    Without allocation there is no counting of references, which inside a loop over records of arrays
    would cost more than the model itself.
    """
    return _cached(function, nogil=True, no_cfunc_wrapper=True, _nrt=False)


def inner_frame(function: Callable[..., Any]) -> Any:
    """Compile a frame that other compiled code calls by its address (:func:`address_of`), never Python."""
    return _cached(function, nogil=True, _nrt=False, **_NO_WRAPPERS)


def address_of(inner: Any, arguments: tuple[Any, ...]) -> Any:
    """Return where an inner frame's code for arguments of these types begins, compiled if need be.

    Parameters
    ----------
    inner : inner frame
        What is to be called.
    arguments : tuple
        Arguments of the types that it will be called with.

    Returns
    -------
    int
        What :func:`call_at` takes; the function itself where nothing is compiled.
    """
    if not is_compiled():
        return inner
    kinds = tuple(numba.typeof(argument) for argument in arguments)
    inner.compile(kinds)
    result = inner.overloads[kinds]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


def _call_compiled(typing_context: Any, address: Any, arguments: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kinds = signature.args[1].types
        function = context.call_conv.get_function_type(types.none, kinds).as_pointer()
        pointer = builder.inttoptr(values[0], function)
        unpacked = cgutils.unpack_tuple(builder, values[1])
        status, _ = context.call_conv.call_function(builder, pointer, types.none, kinds, unpacked)
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(address, arguments), generate


def _call_plain(inner: Any, arguments: tuple[Any, ...]) -> None:
    inner(*arguments)


#: Calls, from compiled code, an inner frame at an address with a tuple of arguments; it returns nothing. The two
#: are compiled and cached apart, so that they can be compiled side by side.
call_at: Any = _call_plain if _config.DISABLE_JIT else intrinsic(_call_compiled)


def take_no_other_types(compiled: Any) -> None:
    """Let a compiled function take arguments of the types alone that it has been compiled for."""
    if is_compiled():
        compiled.disable_compile()


def is_compiled() -> bool:
    """Return whether kernels are compiled (false with ``NUMBA_DISABLE_JIT=1``)."""
    return not _config.DISABLE_JIT
