"""Edge lists: formats, ids, weights, nodes, mistakes with file and line, repairs, real data."""

from __future__ import annotations

import gzip
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network_tools import assert_sound, tie_set_of, undirected

from simulator.errors import NetworkError
from simulator.model.network import load_network, read_edge_list, text_file


def write(folder, text, name="ties.csv"):
    path = folder / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


TRIANGLE = undirected([(0, 1), (1, 2), (0, 2)])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "source,target\n5,7\n7,9\n5,9\n"),
        ("a.csv", "5,7\n7,9\n5,9"),
        ("a.csv", "\ufeffego,alter,weight\r\n5,7,1\r\n7,9,1\r\n5,9,1\r\n"),
        ("a.csv", '"","from","to"\n"1",5,7\n"2","7","9"\n"3",5,9\n'),
        ("a.csv", "5;7\n\n# late comment\n7;9\n  \n5;9\n"),
        ("a.tsv", "Source\tTarget\n5\t7\n7\t9\n5\t9\n"),
        ("a.txt", "# header\n% other\n5 7\n7    9 \n  5\t\t 9"),
        ("a.txt", "x1 x2\n5 7\n7 9\n5 9\n"),
        ("a.txt.gz", "5 7\n7 9\n5 9\n"),
        ("a.csv.gz", "source, target\n5, 7\n7, 9\n5, 9\n"),
        ("noname", "target,source\n7,5\n9,7\n9,5\n"),
        ("a.txt", "anna bert\nbert carl\nanna carl\n"),
        ("a.csv", 'source,target\nA 1,B 2\n"B 2","C,3"\nA 1,"C,3"\n'),
        ("a.csv", "zoë,ärger\nzoë,ökonom\nökonom,ärger\n"),
        ("a.csv", "source,target\n007,7\n7,8\n007,8\n"),
        ("a.csv", "-3,10000000000000\n10000000000000,5\n-3,5\n"),
    ],
)
def test_formats(tmp_path, name, text):
    network = read_edge_list(write(tmp_path, text, name))
    assert tie_set_of(network) == TRIANGLE
    assert network.repairs == ()
    assert_sound(network)


@pytest.mark.parametrize(
    ("delimiter", "mark"), [("comma", ","), ("tab", "\t"), ("space", "  "), ("semicolon", ";")]
)
def test_stated_delimiters(tmp_path, delimiter, mark):
    path = write(tmp_path, f"1{mark}2\n2{mark}3\n")
    assert read_edge_list(path, delimiter=delimiter).n_ties == 2
    with pytest.raises(NetworkError):
        read_edge_list(path, delimiter="comma" if delimiter != "comma" else "tab")


def test_numbers_follow_ascending_ids_or_the_alphabet(tmp_path):
    assert read_edge_list(write(tmp_path, "20 3\n100 20\n")).node_ids.tolist() == [3, 20, 100]
    assert read_edge_list(write(tmp_path, "b a\nb 10\n10 a\n")).node_ids.tolist() == ["10", "a", "b"]
    far = read_edge_list(write(tmp_path, f"{10**15} 3\n3 -{10**15}\n"))
    assert far.node_ids.tolist() == [-(10**15), 3, 10**15]
    assert tie_set_of(far) == undirected([(1, 2), (0, 1)])


def test_weights_by_name_number_or_none(tmp_path):
    path = write(tmp_path, "source,target,hours,w\n1,2,2.5,1e1\n2,3,.5,+7\n1,3,3,2.E-1\n")
    assert read_edge_list(path).weights.size == 0
    assert read_edge_list(path, weights="hours").weights.tolist() == [2.5, 3.0, 2.5, 0.5, 3.0, 0.5]
    assert read_edge_list(path, weights="3").weights.tolist() == pytest.approx([10, 0.2, 10, 7, 0.2, 7])
    with pytest.raises(NetworkError, match='did you mean "hours"'):
        read_edge_list(path, weights="hour")
    with pytest.raises(NetworkError, match="number of a column, 0..2, as the file has no header"):
        read_edge_list(write(tmp_path, "1 2 3\n2 3 4\n"), weights="hours")


@pytest.mark.parametrize("text", ["0.1", "123456789.125", "1e-30", "3E+5", "00.50", "-2.5e3", "17", "2."])
def test_numbers_are_read_as_python_reads_them(text):
    from simulator.model.network.tie_lines import read_numbers

    data = np.frombuffer(text.encode(), dtype=np.uint8)
    out = np.empty(1)
    read_numbers(data, np.array([[0, len(text)]], dtype=np.int32), 0, out)
    assert out[0] == pytest.approx(float(text), rel=1e-14)


@pytest.mark.parametrize("text", ["", "x", "1x", "e5", "1e", "1e+", "--1", "1.2.3", ".", "nan", "inf", "1 2"])
def test_what_is_no_number_is_nan(text):
    from simulator.model.network.tie_lines import read_numbers

    data = np.frombuffer((text + "#").encode(), dtype=np.uint8)
    out = np.empty(1)
    read_numbers(data, np.array([[0, len(text)]], dtype=np.int32), 0, out)
    assert np.isnan(out[0])


def test_a_directed_line_lets_the_named_influence_the_naming(tmp_path):
    path = write(tmp_path, "1,2\n2,1\n2,3\n")
    named = read_edge_list(path, directed=True)
    assert tie_set_of(named) == {(1, 0), (0, 1), (2, 1)}
    assert tie_set_of(read_edge_list(path, directed=True, influence="naming")) == {(0, 1), (1, 0), (1, 2)}
    assert named.repairs == ()
    assert named.is_directed
    assert read_edge_list(path).repairs == ("tie in both directions (1): counted once, largest weight kept",)


@pytest.mark.parametrize("name", ["nodes.csv", "nodes.csv.gz"])
def test_nodes_give_order_isolated_consumers_and_attributes(tmp_path, name):
    nodes = write(tmp_path, "# people\nid,age,name\n30,51,x\n10,22,y\n20,,z\n99,40,w\n", name)
    network = read_edge_list(write(tmp_path, "10,20\n20,30\n"), nodes=nodes)
    assert network.node_ids.tolist() == [30, 10, 20, 99]
    assert tie_set_of(network) == undirected([(1, 2), (2, 0)])
    assert network.n_consumers == 4
    assert network.node_attributes["age"].tolist()[:2] == [51, 22]
    assert network.node_attributes["name"].tolist() == ["x", "y", "z", "w"]


def test_ids_of_nodes_and_ties_meet_as_text_where_one_is_text(tmp_path):
    nodes = write(tmp_path, "id\n2\nb\n1\n", "nodes.csv")
    network = read_edge_list(write(tmp_path, "1,2\n"), nodes=nodes)
    assert tie_set_of(network) == undirected([(2, 0)])
    nodes = write(tmp_path, "id\n5\n2\n", "nodes.csv")
    with pytest.raises(NetworkError, match='2.csv:2 = "2,b" \\(tie with an unknown id\\)'):
        read_edge_list(write(tmp_path, "5,2\n2,b\n", "2.csv"), nodes=nodes)


# ------------------------------------------------------------------ mistakes

MALFORMED = {
    "self-loop": ("1,2\n3,3\n", '{path}:2 = "3,3" (self-loop); expected a tie between two consumers'),
    "twice": ("a,b\n1,2\n2,3\n1,2\n", '{path}:4 = "1,2" (tie written before); expected each tie once'),
    "short line": ("1,2\n\n#\n3\n4\n", "{path}:4 = 1 column, the first of 2 such lines; expected 2 columns"),
    "long line": ("1 2\n1 2 3\n", "{path}:2 = 3 columns; expected 2 columns, as in the first line"),
    "empty": ("", "{path} = no ties; expected one tie per line"),
    "comments": ("# 1 2\n\n", "{path} = no ties"),
    "header alone": ("source,target\n", "{path} = no ties"),
    "one column": ("1\n2\n", '{path}:1 = "1" (1 column); expected at least two columns'),
    "binary": (b"\xff\xfe1\x00,\x002\x00", "{path} = UTF-16 text; expected UTF-8 text"),
    "latin": ("zoë,x\n".encode("latin1"), "{path} = bytes that are no text; expected ids in UTF-8"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_mistakes_name_file_and_line(tmp_path, case):
    text, message = MALFORMED[case]
    path = write(tmp_path, text)
    with pytest.raises(NetworkError) as caught:
        read_edge_list(path)
    assert message.format(path=path) in str(caught.value)


@pytest.mark.parametrize(
    ("weight", "kind"),
    [
        ("-1", "negative weight"),
        ("0", "zero weight"),
        ("", "no finite number"),
        ("NaN", "no finite number"),
        ("many", "no finite number"),
        ("inf", "no finite number"),
    ],
)
def test_bad_weights_name_file_and_line(tmp_path, weight, kind):
    path = write(tmp_path, f"source,target,w\n1,2,1\n2,3,{weight}\n")
    with pytest.raises(NetworkError) as caught:
        read_edge_list(path, weights="w")
    assert f'{path}:3 = "2,3,{weight}" (' in str(caught.value)
    assert kind in str(caught.value)
    repaired = read_edge_list(path, weights="w", repair="report")
    assert repaired.n_ties == 1
    assert "tie dropped" in repaired.repairs[0]


def test_all_kinds_of_mistakes_come_at_once_and_are_repaired_on_request(tmp_path):
    nodes = write(tmp_path, "id\n1\n2\n3\n", "nodes.csv")
    path = write(tmp_path, "source,target,w\n1,1,1\n1,9,1\n1,2,-1\n2,3,2\n2,3,5\n8,9,1\n")
    with pytest.raises(NetworkError) as caught:
        read_edge_list(path, nodes=nodes, weights="w")
    assert [fault.place for fault in caught.value.faults] == [f"{path}:{line}" for line in (3, 2, 4, 6)]
    assert "the first of 2" in caught.value.faults[0].got
    assert 'set network.repair = "report" (tie dropped)' in caught.value.faults[0].remedy
    network = read_edge_list(path, nodes=nodes, weights="w", repair="report")
    assert tie_set_of(network) == undirected([(1, 2)])
    assert network.weights.tolist() == [5.0, 5.0]
    assert network.repairs == (
        "tie with an unknown id (2): tie dropped",
        "self-loop (1): tie dropped",
        "negative weight (1): tie dropped",
        "tie written before (1): merged, largest weight kept",
    )


def test_unreadable_files_are_named(tmp_path):
    whole = gzip.compress(b"1 2\n2 3\n" * 1000)
    for name, data, message in (
        ("cut.gz", whole[: len(whole) // 2], "damaged gzip data"),
        ("wrong.gz", b"1 2\n", "not gzip data; expected gzip data, as the name ends in .gz"),
        ("crc.gz", whole[:-8] + b"\x00" * 8, "damaged gzip data"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(NetworkError, match=message):
            read_edge_list(path)
    with pytest.raises(NetworkError, match="no such file; expected an existing file"):
        read_edge_list(tmp_path / "nothing.csv")
    with pytest.raises(NetworkError, match="unreadable"):
        read_edge_list(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,x\n1,2\n1,3\n", "id 1 = several rows; expected each id once"),
        ("id,x\n1,2\n,3\n", "row 2 = no id"),
        ("id\n", "no consumers; expected a header"),
        ("id,x\n1,2,3\n", "expected a table with a header"),
    ],
)
def test_mistakes_in_the_nodes_are_named(tmp_path, text, message):
    nodes = write(tmp_path, text, "nodes.csv")
    with pytest.raises(NetworkError) as caught:
        read_edge_list(write(tmp_path, "1,2\n"), nodes=nodes)
    assert message in str(caught.value)
    assert str(nodes) in str(caught.value)


def test_unknown_options_are_named(tmp_path):
    path = write(tmp_path, "1,2\n")
    with pytest.raises(NetworkError, match="network.delimiter = 'pipe'"):
        read_edge_list(path, delimiter="pipe")
    with pytest.raises(NetworkError, match="network.influence = 'both'"):
        read_edge_list(path, directed=True, influence="both")


# ------------------------------------------------------------------- chunks

IDS = st.one_of(st.integers(0, 30).map(str), st.sampled_from(["x", "y z", "007", "ä"]))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(IDS, IDS, st.integers(1, 9)), min_size=1, max_size=40),
    st.integers(1, 40),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_any_chunk_size_reads_what_python_reads(tmp_path, monkeypatch, ties, n_bytes, directed, random):
    lines = ["source,target,w"]
    for i, j, w in ties:
        lines += random.choices(["# 1,2,3", "", "  "], k=random.choice([0, 0, 1]))
        lines.append(f"{i},{j},{w}")
    path = write(tmp_path, "\n".join(lines) + random.choice(["", "\n", "\n\n"]))
    monkeypatch.setattr(text_file, "CHUNK_BYTES", n_bytes)
    network = read_edge_list(path, directed=directed, weights="w", repair="report")
    rows = defaultdict(dict)
    for i, j, w in ties:
        if i != j:
            rows[j][i] = max(w, rows[j].get(i, 0))
            if not directed:
                rows[i][j] = max(w, rows[i].get(j, 0))
    names = {str(name) for tie in ties for name in tie[:2]}
    assert {str(name) for name in network.node_ids} == names
    assert list(network.node_ids) == sorted(network.node_ids)
    for i, name in enumerate(network.node_ids):
        found = [str(network.node_ids[j]) for j in network.neighbors_of(i)]
        assert sorted(found) == sorted(rows[str(name)])
        if network.weights.size:
            weights = network.weights[network.indptr[i] : network.indptr[i + 1]]
            assert [rows[str(name)][other] for other in found] == weights.tolist()


def test_lines_are_counted_across_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(text_file, "CHUNK_BYTES", 16)
    lines = [f"{k} {k + 1}" for k in range(100)] + ["# comment", "50 50"]
    path = write(tmp_path, "\n".join(lines))
    with pytest.raises(NetworkError, match=f'{path}:102 = "50 50"'):
        read_edge_list(path)


# ---------------------------------------------------------------- real data

DATA = os.environ.get("SIMULATOR_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="SIMULATOR_TEST_DATA does not name the folder of real data")


@pytest.mark.data
@needs_data
def test_facebook_friendships():
    network = read_edge_list(Path(DATA) / "ego-facebook.txt.gz")
    assert (network.n_consumers, network.n_ties, network.is_directed) == (4039, 88_234, False)
    assert network.summary().degree_quantiles["max"] == 1045
    from simulator.model.network.measures import clustering

    assert clustering(network, 4039) == pytest.approx(0.6055, abs=0.001)
    assert_sound(network)


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "n", "arcs"), [("korean_family_planning", 1047, 4999), ("medical_innovation", 125, 294)]
)
def test_villages_and_physicians(name, n, arcs):
    folder = Path(DATA)
    options = {"nodes": folder / f"{name}_nodes.csv", "weights": "weight"}
    network = read_edge_list(folder / f"{name}_edges.csv.gz", directed=True, **options)
    assert (network.n_consumers, network.n_ties, network.is_directed) == (n, arcs, True)
    assert len(network.node_attributes["toa"]) == n
    both = read_edge_list(folder / f"{name}_edges.csv.gz", **options)
    assert_sound(both)
    assert both.n_ties < arcs
    assert both.repairs[0].startswith("tie in both directions")


def test_loading_from_a_scenario_table(tmp_path):
    from types import SimpleNamespace

    write(tmp_path, "1,2\n")
    write(tmp_path, "id\n2\n1\n", "people.csv")
    table = SimpleNamespace(
        kind="edge_list", path="ties.csv", directed=True, weights="none", nodes="people.csv"
    )
    assert tie_set_of(load_network(table, tmp_path)) == {(0, 1)}
    assert load_network(SimpleNamespace(kind="star")) is None
