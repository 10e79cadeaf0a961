"""The gallery: the scenarios that ship with the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class GalleryEntry:
    """One shipped scenario.

    Parameters
    ----------
    name : str
        Name by which it is loaded.
    title, purpose : str
        What it is and what it is for.
    consumers : int
        Number of consumers.
    horizon : int
        Steps observed.
    strategies : tuple of str
        Names of the strategies compared.
    path : Path
        The file.
    """

    name: str
    title: str
    purpose: str
    consumers: int
    horizon: int
    strategies: tuple[str, ...]
    path: Path


def gallery_folder() -> Path:
    """Find the folder of the shipped scenarios.

    Returns
    -------
    Path
        Within the installed package, or ``scenarios`` of the source tree.
    """
    installed = _PACKAGE / "shipped"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "scenarios"


def shipped_path(name: str) -> Path | None:
    """Find the file of a shipped scenario.

    Parameters
    ----------
    name : str
        Its name, such as ``launch``.

    Returns
    -------
    Path or None
        The file, if there is one.
    """
    path = gallery_folder() / f"{name.removesuffix('.toml')}.toml"
    return path if Path(name).name == name and path.is_file() else None


def shipped_names(*, with_abstract: bool = False) -> list[str]:
    """List the shipped scenarios' names.

    Parameters
    ----------
    with_abstract : bool, optional
        Whether files that are only a base for others are listed too.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    return [name for name, is_abstract in _contents() if with_abstract or not is_abstract]


def gallery() -> list[GalleryEntry]:
    """Describe the shipped scenarios that can be run.

    Returns
    -------
    list of GalleryEntry
        In alphabetical order.

    Raises
    ------
    ScenarioError
        If a shipped scenario is faulty.
    """
    from simulator.scenario.loading import load_scenario

    entries = []
    for name in shipped_names():
        path = gallery_folder() / f"{name}.toml"
        scenario = load_scenario(path)
        entries.append(
            GalleryEntry(
                name,
                scenario.title,
                scenario.purpose,
                scenario.population.consumers,
                scenario.horizon,
                scenario.strategy_names,
                path,
            )
        )
    return entries


@cache
def _contents() -> tuple[tuple[str, bool], ...]:
    import tomllib

    found = []
    for path in sorted(gallery_folder().glob("*.toml")):
        try:
            abstract = tomllib.loads(path.read_text("utf-8")).get("abstract", False)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            abstract = False
        found.append((path.stem, abstract is True))
    return tuple(found)
