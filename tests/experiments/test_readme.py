"""What studies put into their READMEs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
_spec = importlib.util.spec_from_file_location("readme", EXPERIMENTS / "readme.py")
assert _spec and _spec.loader
readme = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme)


def names_put(script: str) -> set[str]:
    return set(re.findall(r'(?:put|put_where_it_is|tell)\([^\n]*"([a-z ]+)"(?:,|\))', script))


def test_text_replaces_what_stood_between_the_markers(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- size -->\nold\n<!-- end of size -->\nafter\n", encoding="utf-8")
    readme.put(file, "size", "größer")
    expected = "before\n<!-- size -->\ngrößer\n<!-- end of size -->\nafter\n"
    assert file.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    "content",
    [
        "no markers",
        "<!-- size -->\nno end",
        "<!-- end of size -->\n<!-- size -->",
        "<!-- size --><!-- size --><!-- end of size -->",
        "<!-- size --><!-- end of size --><!-- end of size -->",
    ],
)
def test_a_file_without_its_markers_stays_as_it_is(tmp_path: Path, content: str) -> None:
    file = tmp_path / "README.md"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="each once and in this order"):
        readme.put(file, "size", "new")
    assert file.read_text(encoding="utf-8") == content


def test_every_name_that_a_study_writes_has_its_markers() -> None:
    found = {
        script: names_put(script.read_text(encoding="utf-8"))
        for script in EXPERIMENTS.glob("*/*.py")
        if "from readme import put" in script.read_text(encoding="utf-8")
        or "calls import" in script.read_text()
    }
    written = {(script.parent.name, name) for script, names in found.items() for name in names}
    assert {("launch", "size"), ("launch", "answer"), ("sweeps", "limits")} <= written
    for folder, name in written - {("calibration", "answer")}:
        text = (EXPERIMENTS / folder / "README.md").read_text(encoding="utf-8")
        assert f"<!-- {name} -->" in text and f"<!-- end of {name} -->" in text, (folder, name)
