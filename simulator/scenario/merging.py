"""Reading scenario files and merging a file with the one that it extends."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.scenario.gallery import shipped_names, shipped_path
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.walk import Spot, fields_of
from simulator.scenario.tree import Tree
from simulator.scenario.wording import Loc, did_you_mean, listed, shown

_PATH_KEYS = (("network", "path"), ("network", "nodes"))
_NOT_INHERITED = ("title", "purpose")


def read_tree(path: Path, chain: tuple[Path, ...] = ()) -> Tree:
    """Read a scenario file and whatever it extends.

    Parameters
    ----------
    path : Path
        The file.
    chain : tuple of Path, optional
        Files that extend this one, to notice a cycle.

    Returns
    -------
    Tree
        Merged data, not yet checked.

    Raises
    ------
    ScenarioError
        If a file is missing, is not valid TOML, or extends itself.
    """
    label = label_of(path)
    data = parse_file(path, label)
    tree = Tree(data, name=path.stem, source=str(path))
    tree.mark((), label)
    _resolve_paths(data, path.parent)
    return extended(tree, path.parent, (*chain, path.resolve()))


def extended(tree: Tree, folder: Path, chain: tuple[Path, ...] = ()) -> Tree:
    """Merge a scenario with the one that its key `extends` names, if it has that key.

    Parameters
    ----------
    tree : Tree
        The scenario's own data; the keys `extends` and `abstract` are taken out of it.
    folder : Path
        Folder against which a relative path is resolved.
    chain : tuple of Path, optional
        Files already in the chain.

    Returns
    -------
    Tree
        Tables merged deeply; lists and values of the extending file replace those of the extended one.

    Raises
    ------
    ScenarioError
        If the extended file is missing, faulty, or in the chain already.
    """
    abstract, parent = tree.data.pop("abstract", False), tree.data.pop("extends", None)
    if not isinstance(abstract, bool):
        raise ScenarioError([tree.fault(("abstract",), shown(abstract), "true or false")])
    tree.is_abstract = abstract
    if parent is None:
        return tree
    base = read_tree(_find(tree, parent, folder, chain), chain)
    if base.is_abstract:
        for key in _NOT_INHERITED:
            base.data.pop(key, None)
    tree.data = _merged(base.data, tree.data, ())
    tree.origins = {**base.origins, **tree.origins}
    return tree


def label_of(path: Path) -> str:
    """Name a file in messages: relative to the working folder where that is shorter.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    str
        For example ``scenarios/launch.toml``.
    """
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()


def change_kind(table: dict[str, Any], loc: Loc, kind: Any) -> None:
    """Drop the keys that a table of another kind does not have.

    Parameters
    ----------
    table : dict
        The table before its kind is changed; changed in place.
    loc : tuple of str and int
        Its path.
    kind : Any
        The new kind; an unknown one changes nothing and is reported by the check.
    """
    here = Spot(ScenarioTables)
    for part in loc:
        model = here.table
        here = (fields_of(model).get(str(part)) if model else here.item) or Spot(Any)
    model = here.kinds.get(kind) if isinstance(kind, str) else None
    old = here.kinds.get(str(table.get("kind")))
    if model is None or old is None:
        return
    for key in [key for key in table if key in old.model_fields and key not in model.model_fields]:
        del table[key]


def parse_file(path: Path, label: str) -> dict[str, Any]:
    """Read one TOML file, alone.

    Parameters
    ----------
    path : Path
        The file.
    label : str
        Its name in messages.

    Returns
    -------
    dict
        Tables and values.

    Raises
    ------
    ScenarioError
        If it cannot be read or is not TOML in UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault(f"{label}: byte {error.start}", "", "text in UTF-8", "save the file as UTF-8")
        raise ScenarioError([fault]) from None
    except OSError as error:
        fault = Fault(label, "", "a file that can be read", error.strerror or str(error))
        raise ScenarioError([fault]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([_syntax_fault(str(error), text, label)]) from None


def _syntax_fault(message: str, text: str, label: str) -> Fault:
    reason, _, where = message.rpartition(" (at ")
    where = where.rstrip(")")
    lines = text.splitlines()
    if where.startswith("line "):
        number = int(where.removeprefix("line ").partition(",")[0])
        got = lines[number - 1].strip() if number <= len(lines) else ""
    else:
        where, got = f"line {max(len(lines), 1)}, at the end of the file", ""
    return Fault(f"{label}: {where}", f"`{got[:60]}`" if got else "", "valid TOML", reason)


def _resolve_paths(data: dict[str, Any], folder: Path) -> None:
    for table, key in _PATH_KEYS:
        holder = data.get(table)
        if isinstance(holder, dict) and isinstance(holder.get(key), str) and holder[key]:
            holder[key] = str((folder / holder[key]).resolve())


def _find(tree: Tree, parent: Any, folder: Path, chain: tuple[Path, ...]) -> Path:
    if not isinstance(parent, str):
        fault = tree.fault(
            ("extends",), shown(parent), "the path of a scenario file or a shipped scenario's name"
        )
        raise ScenarioError([fault])
    path = folder / parent
    if not path.is_file():
        shipped = shipped_path(parent)
        if shipped is None:
            beside = [item.name for item in folder.glob("*.toml") if item.resolve() not in chain]
            near = beside + [f"{name}.toml" for name in shipped_names(with_abstract=True)]
            fault = tree.fault(
                ("extends",),
                shown(parent),
                "a scenario file that exists, relative to this one, or a shipped scenario: "
                f"{listed(shipped_names(with_abstract=True))}",
                did_you_mean(parent, near) or "correct the path",
            )
            raise ScenarioError([fault])
        path = shipped
    if path.resolve() in chain:
        loop = " -> ".join(label_of(item) for item in (*chain[chain.index(path.resolve()) :], path))
        fault = tree.fault(("extends",), shown(parent), "no cycle of files that extend each other", loop)
        raise ScenarioError([fault])
    return path


def _merged(base: dict[str, Any], own: dict[str, Any], loc: Loc) -> dict[str, Any]:
    result = dict(base)
    if isinstance(own.get("kind"), str) and own["kind"] != base.get("kind"):
        change_kind(result, loc, own["kind"])
    for key, value in own.items():
        inherited = result.get(key)
        if isinstance(value, dict) and isinstance(inherited, dict):
            result[key] = _merged(inherited, value, (*loc, key))
        else:
            result[key] = value
    return result
