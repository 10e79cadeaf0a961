"""The ODD description and the code name the same things, in the same order."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest
from model_tools import PACKAGE, RULES, definitions, rules_of
from pydantic import BaseModel

from simulator.model import odd_tables
from simulator.model.campaigns import TERMS
from simulator.model.draws import STREAMS
from simulator.model.network.addresses import NETWORK_STREAMS
from simulator.model.observation import SERIES
from simulator.scenario.parameters import PARAMETERS, STATES
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.lines import SEED_RULES

TEXT = odd_tables.DOCUMENT.read_text()
BLOCK = re.compile(r"<!-- table: ([a-z_ ]+?) -->\n(.*?)<!-- end -->", re.DOTALL)
PROSE = BLOCK.sub("", TEXT)
ENGINE = PACKAGE / "engines" / "numba_engine"
ELEMENTS = (
    "Purpose and patterns",
    "Entities, state variables and scales",
    "Process overview and scheduling",
    "Design concepts",
    "Initialization",
    "Input data",
    "Submodels",
)
CONCEPTS = (
    "Basic principles", "Emergence", "Adaptation and objectives", "Learning", "Prediction", "Sensing",
    "Interaction", "Stochasticity", "Collectives", "Observation",
)  # fmt: skip


def quoted(text: str) -> list[str]:
    """Return what stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def in_first_column(text: str, kind: str) -> list[str]:
    """Return the names in the first column of all tables of a kind."""
    blocks = [body for name, body in BLOCK.findall(text) if name.split()[0] == kind]
    return [name for body in blocks for name in re.findall(r"^\| `([^`]+)`", body, re.MULTILINE)]


def functions_of_the_model() -> set[str]:
    """Return the dotted names of all functions of the model at the top level of their files."""
    model = PACKAGE / "model"
    found = set()
    for path in model.rglob("*.py"):
        parts = path.relative_to(model).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        found |= {d.path for d in definitions(path.read_text(), module)}
    return found


def unknown_functions(text: str, known: set[str]) -> list[str]:
    """Return dotted names of the text that no function has."""
    modules = {name.split(".")[0] for name in known}
    dotted = [name for name in quoted(text) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name)]
    return sorted({name for name in dotted if name.split(".")[0] in modules and name not in known} - MODULES)


MODULES = {"simulator.model.odd_tables"}


def unnamed_rules(text: str, folder: Path) -> list[str]:
    """Return the rules that the text does not name."""
    return sorted({d.path for d in rules_of(folder)} - set(quoted(text)))


def differences(text: str, kind: str, names: Iterable[str]) -> set[str]:
    """Return the names that only the tables of the text or only the code has."""
    return set(in_first_column(text, kind)) ^ set(names)


# ------------------------------------------------------------------------------------ tables


def test_tables_are_up_to_date() -> None:
    """Otherwise run ``python -m simulator.model.odd_tables``."""
    assert odd_tables.tables_written(TEXT) == TEXT


def test_tables_name_everything_and_nothing_else() -> None:
    assert differences(TEXT, "parameters", (p.name for p in PARAMETERS)) == set()
    assert differences(TEXT, "states", (s.name for s in STATES)) == set()
    assert differences(TEXT, "series", (s.name for s in SERIES)) == set()
    assert differences(TEXT, "draws", (s.name for s in (*STREAMS, *NETWORK_STREAMS))) == set()
    assert differences(TEXT, "rules", (d.path for d in rules_of())) == set()


def test_no_name_stands_in_two_tables() -> None:
    for kind in ("parameters", "states", "series", "draws", "rules"):
        names = in_first_column(TEXT, kind)
        assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["nonsense", "parameters nonsense"])
def test_a_table_that_does_not_exist_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="ODD.md"):
        odd_tables.table(name)


# ------------------------------------------------------------------------------------- prose


def test_elements_stand_in_order() -> None:
    headings = re.findall(r"^## \d\. (.*)$", TEXT, re.MULTILINE)
    assert tuple(headings) == ELEMENTS
    concepts = TEXT.split("## 4.")[1].split("## 5.")[0]
    assert tuple(re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\*", concepts, re.MULTILINE)) == CONCEPTS


def test_prose_names_every_rule() -> None:
    assert unnamed_rules(PROSE, RULES) == []


def test_every_function_named_exists() -> None:
    known = functions_of_the_model()
    assert unknown_functions(TEXT, known) == []
    for name in {name for name in quoted(PROSE) if name in known}:
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(f"simulator.model.{module}"), function))


def keys_of_a_scenario() -> set[str]:
    """Return every key of a scenario file."""
    found: set[str] = set()
    waiting: list[object] = [ScenarioTables]
    seen: set[object] = set()
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= set(kind.model_fields)
            waiting += [field.annotation for field in kind.model_fields.values()]
        waiting += getattr(kind, "__args__", ())
        waiting += [getattr(kind, "__origin__", None)] if hasattr(kind, "__metadata__") else []
    return found


def test_every_other_name_exists() -> None:
    functions = functions_of_the_model()
    known = {p.name for p in PARAMETERS} | {s.name for s in STATES} | {s.name for s in SERIES} | set(TERMS)
    known |= {*SEED_RULES} | keys_of_a_scenario() | set(engine_functions())
    known |= {name.rpartition(".")[2] for name in functions}
    words = {name for name in quoted(PROSE) if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)}
    assert len(words) > 20
    assert sorted(words - known) == []


# ------------------------------------------------------------------------------------ phases


def engine_functions() -> dict[str, ast.FunctionDef]:
    """Return the functions of the compiled engine by name."""
    trees = [ast.parse(path.read_text()) for path in sorted(ENGINE.glob("*.py"))]
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def phases(text: str, of: str) -> list[str]:
    """Return the phases that the text lists for a function of the engine, in order."""
    body = text.split(f"<!-- phases: {of} -->")[1].split("<!--")[0]
    return re.findall(r"^\d+\. `([a-z_]+)`", body, re.MULTILINE)


def calls_in_order(node: ast.FunctionDef) -> list[str]:
    """Return what a function calls, by the place of the last call of each in its source."""
    places: dict[str, tuple[int, int]] = {}
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        places[name] = max(places.get(name, (0, 0)), (call.lineno, call.col_offset))
    return sorted(places, key=lambda name: places[name])


@pytest.mark.parametrize("of", ["act", "attend_to", "visit", "settle", "carry_out"])
def test_phases_run_in_the_order_described(of: str) -> None:
    listed = phases(TEXT, of)
    called = calls_in_order(engine_functions()[of])
    assert len(listed) >= 3
    assert [name for name in called if name in listed] == listed


#: What the compiled engine's memory holds beside states of their own, and why.
NOT_A_STATE = {
    "taste_x": "a trait, moved by scheduled shifts",
    "taste_y": "a trait, moved by scheduled shifts",
    "need_rate": "a trait",
    "price_sensitivity": "a trait",
    "online": "a trait",
    "sharing": "a trait",
    "is_alert": "follows from the mail",
    "flags": "the four below",
    "base_seen": "installed base at the end of the last step",
    "followers": "number of is_follower",
    "members": "number of is_member",
    "is_funded": "follows from the books",
    "group_places": "follows from the books",
    "region": "of the cell",
    "listed": "follows from the price",
    "net": "follows from the price",
    "is_redesigned": "follows from the wishes",
    "wishers": "messages under way from one step to the next",
    "wish_x": "messages under way from one step to the next",
    "wish_y": "messages under way from one step to the next",
    "belief_sum": "the sum of belief over consumers",
}
PROGRAMS = {f"{what}_{which}" for what in ("open", "spent") for which in ("first", "1", "2", "3")}
FLAGS = {"is_follower", "is_member", "has_bought", "was_reached", "is_turned_away", "coupon_is_strategy"}


def test_every_state_of_the_engine_is_described() -> None:
    from simulator.engines.numba_engine import layout

    rows = {
        *layout.PERSON,
        *layout.FIELDS,
        *layout.TRAITS,
        *layout.BONDS,
        *layout.EXTRAS,
        *layout.DATES,
        *layout.PERSON_MARKS,
        *layout.BRAND_MARKS,
    }
    rows |= {*layout.PERSON_WEEKS, *layout.BRAND_WEEKS, *layout.BOOKS}
    assert rows >= NOT_A_STATE.keys() | PROGRAMS
    others = {"stock", "spent_program", "review_history", "piece_value", "piece_appeal", "position"}
    assert rows - NOT_A_STATE.keys() - PROGRAMS | FLAGS | others == {s.name for s in STATES}


# --------------------------------------------------------------------------- rules in engines

#: Rules whose arithmetic an engine writes in place instead of calling them: whoever changes one of these
#: has to change that engine too. The list may only become shorter.
IN_PLACE = {
    "numba_engine": set(),
    "mesa_engine": {"attention.is_below"},
}
#: Called by the functions that spread impressions, for both engines.
BY_THE_MODEL = {"precision.fit_weight", "precision.visitor_weight"}


@pytest.mark.parametrize("engine", IN_PLACE)
def test_engines_call_the_rules(engine: str) -> None:
    folder = PACKAGE / "engines" / engine
    sources = "\n".join(path.read_text() for path in folder.glob("*.py"))
    called = {d.path.removeprefix("rules.") for d in rules_of() if re.search(rf"\b{d.name}\(", sources)}
    every = {d.path.removeprefix("rules.") for d in rules_of()} - BY_THE_MODEL
    assert every - called == IN_PLACE[engine]


# ---------------------------------------------------------------------------- planted faults


@pytest.fixture
def renamed_rules(tmp_path: Path) -> Path:
    """Copy the rules, with one renamed."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "attention.py"
    path.write_text(path.read_text().replace("def goodwill(", "def good_will("))
    return folder


def test_a_renamed_rule_is_found(renamed_rules: Path) -> None:
    assert unnamed_rules(PROSE, renamed_rules) == ["rules.attention.good_will"]
    known = functions_of_the_model() - {"rules.attention.goodwill"}
    assert unknown_functions(PROSE, known) == ["rules.attention.goodwill"]


def test_a_renamed_function_elsewhere_is_found() -> None:
    text = PROSE.replace("`seeding.choose_seeds`", "`seeding.pick_seeds`")
    assert unknown_functions(text, functions_of_the_model()) == ["seeding.pick_seeds"]


@pytest.mark.parametrize("kind", ["parameters", "states", "series", "draws"])
def test_a_renamed_row_is_found(kind: str) -> None:
    name = in_first_column(TEXT, kind)[3]
    renamed = TEXT.replace(f"| `{name}` |", "| `something_else` |")
    codes = in_first_column(TEXT, kind)
    assert differences(renamed, kind, codes) == {name, "something_else"}
    assert odd_tables.tables_written(renamed) != renamed


def test_exchanged_phases_are_found() -> None:
    listed = phases(TEXT, "attend_to")
    wrong = [listed[1], listed[0], *listed[2:]]
    called = calls_in_order(engine_functions()["attend_to"])
    assert [name for name in called if name in wrong] != wrong
