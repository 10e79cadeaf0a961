"""The rules of the house: layers, one owner per library, documented names, a quick and quiet import."""

from __future__ import annotations

import ast
import inspect
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import simulator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "simulator"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: Files that may import each heavy library.
OWNERS = {
    "numba": ["simulator/compiled.py", "simulator/part_compiler.py", "simulator/vector_lists.py"],
    "llvmlite": ["simulator/compiled.py", "simulator/vector_lists.py"],
    "mesa": ["simulator/engines/mesa_engine/"],
    "networkx": ["simulator/model/network/library.py", "simulator/model/network/csr.py"],
    "matplotlib": ["simulator/present/plots"],
    "typer": ["simulator/present/cli"],
    "rich": ["simulator/present/"],
    "duckdb": ["simulator/outcomes/results_sql.py"],
    "distributed": ["simulator/experiment/backends.py"],
    "optuna": ["simulator/experiment/tree_sampler.py"],
}
#: Libraries that ``import simulator`` must not load.
HEAVY = [
    "numba",
    "mesa",
    "networkx",
    "matplotlib",
    "scipy",
    "pandas",
    "pyarrow",
    "pydantic",
    "typer",
    "rich",
    "numpy",
]


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yield every module that a source imports, wherever the statement stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def trespasses(path: str, source: str) -> list[str]:
    """Return the libraries that a source imports without owning them."""
    roots = {name.split(".")[0] for name in imported_modules(ast.parse(source))}
    return sorted(
        library
        for library in roots & OWNERS.keys()
        if not any(path.startswith(owner) for owner in OWNERS[library])
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_library_has_one_owner(path: Path) -> None:
    assert trespasses(path.relative_to(ROOT).as_posix(), path.read_text()) == []


def test_a_planted_trespass_is_found() -> None:
    source = "def draw():\n    from matplotlib import pyplot\n    import numba as nb\n"
    assert trespasses("simulator/outcomes/metrics.py", source) == ["matplotlib", "numba"]
    assert trespasses("simulator/present/plots.py", source) == ["numba"]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def copy_of_the_house(folder: Path) -> None:
    shutil.copytree(PACKAGE, folder / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def test_imports_point_one_way(tmp_path: Path) -> None:
    copy_of_the_house(tmp_path)
    result = lint_imports(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_planted_import_against_the_direction_is_found(tmp_path: Path) -> None:
    copy_of_the_house(tmp_path)
    with (tmp_path / "simulator" / "scenario" / "parameters.py").open("a") as file:
        file.write("\n\ndef _upward() -> None:\n    import simulator.outcomes.trajectories\n")
    result = lint_imports(tmp_path)
    assert result.returncode != 0
    assert "simulator.scenario.parameters -> simulator.outcomes.trajectories" in result.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_arithmetic_is_never_relaxed(path: Path) -> None:
    keywords = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.keyword)]
    assert not any(keyword.arg == "fastmath" for keyword in keywords)


@pytest.mark.parametrize("name", simulator.__all__)
def test_public_name_is_documented_with_its_parameters(name: str) -> None:
    value = getattr(simulator, name)
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return
    text = inspect.getdoc(value) or ""
    assert len(text.split("\n")[0]) > 10
    if inspect.isroutine(value):
        missing = [
            p for p in inspect.signature(value).parameters if f"{p} :" not in text and f"{p}," not in text
        ]
        assert not missing, f"{name}: parameters without description: {missing}"


@pytest.mark.parametrize("name", [name for name in simulator.__all__ if name[0].isupper()])
def test_public_methods_are_documented(name: str) -> None:
    value = getattr(simulator, name)
    if not inspect.isclass(value) or issubclass(value, Exception):
        return
    own = {
        k: v
        for base in value.__mro__
        if base.__module__.startswith("simulator")
        for k, v in vars(base).items()
    }
    undocumented = [
        key
        for key, member in own.items()
        if not key.startswith("_")
        and (inspect.isroutine(member) or isinstance(member, property | classmethod | staticmethod))
        and not inspect.getdoc(member)
    ]
    assert undocumented == []


def test_public_names_agree_with_their_homes() -> None:
    assert sorted(simulator.__all__) == simulator.__all__
    assert set(simulator.__all__) == set(simulator._HOMES)
    typed = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text()))
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert typed == set(simulator.__all__)
    for name in simulator.__all__:
        assert getattr(simulator, name) is not None
        assert name in dir(simulator)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="compar"):
        simulator.compar  # noqa: B018


def run_python(code: str, folder: Path) -> str:
    environment = {**os.environ, "HOME": str(folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("XDG_CACHE_HOME", None)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout


def test_import_is_quick_and_quiet(tmp_path: Path) -> None:
    code = (
        "import time, os, sys\n"
        "before = dict(os.environ); start = time.perf_counter()\n"
        "import simulator\n"
        "seconds = time.perf_counter() - start\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
        "assert dict(os.environ) == before\n"
        "print(seconds)\n"
    )
    assert float(run_python(code, tmp_path)) < 0.2
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_load_what_it_does_not_need(tmp_path: Path) -> None:
    heavy = [name for name in HEAVY if name not in ("typer", "rich")]
    code = (
        "import sys\n"
        "from simulator.present.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    assert "compare" in run_python(code, tmp_path)


def test_versions_agree() -> None:
    import re

    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None and cited.group(1) == simulator.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]


def test_the_readme_holds_the_commands_that_run() -> None:
    readme = (ROOT / "README.md").read_text()
    marked = readme.split("<!-- tests -->")[1].split("<!-- end -->")[0]
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest\n" in marked
    assert (
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/simulator compare scenarios/launch.toml\n"
        in readme
    )
