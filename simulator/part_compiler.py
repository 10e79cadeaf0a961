"""A compiler for the parts of a frame, which are optimized once, inside it, and never on their own.

Without it every part would be optimized and turned into machine code by itself before the frame that
inlines it is, which more than doubles the time to compile. It leans on what numba does not publish: where
numba has changed, importing this module raises ``ImportError``, and parts are compiled in the usual way.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import CPUCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass

_NEEDED = ("_finalize_dynamic_globals", "_optimize_final_module", "_finalize_final_module")
_MISSING = [name for name in _NEEDED if not hasattr(CPUCodeLibrary, name)]
if _MISSING:
    raise ImportError(f"this numba has no {', '.join(_MISSING)}")


class _NoEnvironment:
    """A code generator for parts, which have no Python environment to be told of."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing: a part that is only ever inlined raises nothing and calls no Python."""


@register_pass(mutates_CFG=False, analysis_only=True)
class _LeaveUnfinished(FunctionPass):
    """Leave a part as it is lowered: it is optimized once, inside the frame, and never on its own."""

    _name = "leave_unfinished"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Give the part a library that is neither optimized nor turned into machine code."""
        library = state.targetctx.codegen().create_library(state.func_id.func_qualname)
        library.enable_object_caching()

        def finish() -> None:
            library._finalize_dynamic_globals()
            library._finalized = True

        library._codegen = _NoEnvironment(library._codegen)
        library._optimize_final_module = lambda: None
        library._finalize_final_module = finish
        state.library = library
        return False


class PartCompiler(CompilerBase):
    """Numba's usual compiler, with one pass before the others."""

    def define_pipelines(self) -> list[Any]:
        """Return the usual passes after the one that leaves a part unfinished."""
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager = PassManager("part")
        manager.passes.extend([usual.passes[0], (_LeaveUnfinished, "leave a part unfinished")])
        manager.passes.extend(usual.passes[1:])
        manager.finalize()
        return [manager]
