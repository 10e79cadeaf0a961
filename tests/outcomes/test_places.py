"""What may be replaced in a place: results of the same question, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.errors import TakenPlaceError
from simulator.outcomes.places import FORMAT, check_place

QUESTION = {"seed": 1, "confidence": 0.95, "precision.targets": None, "strategies": ["mass", "none"]}


def results_in(place: Path, **said: object) -> Path:
    place.mkdir()
    (place / "manifest.json").write_text(json.dumps({"format": FORMAT, "kind": "selection", **said}))
    return place


def test_a_new_place_an_empty_one_and_results_of_the_same_question_are_free(tmp_path: Path) -> None:
    same = results_in(tmp_path / "same", seed=1, confidence=0.95, precision=None, strategies=["mass", "none"])
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "new", tmp_path / "empty", same):
        assert check_place(place, kind="selection", question=QUESTION) == place


def test_results_of_another_question_stay(tmp_path: Path) -> None:
    place = results_in(tmp_path / "out", seed=2, confidence=0.95, strategies=["mass"])
    with pytest.raises(TakenPlaceError, match=r"another question \(another seed, other strategies\)"):
        check_place(place, kind="selection", question=QUESTION)


def test_results_that_do_not_say_their_question_stay(tmp_path: Path) -> None:
    """As an earlier version wrote them; what is not asked for need not be said."""
    place = results_in(tmp_path / "out", seed=1, strategies=["mass", "none"])
    with pytest.raises(TakenPlaceError, match="earlier version, which do not say their confidence;"):
        check_place(place, kind="selection", question=QUESTION)
