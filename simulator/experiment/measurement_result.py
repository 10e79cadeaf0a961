"""What an export for measurement holds, and how it is stored and read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import StoreError
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.text_tables import frame_text
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas

#: Kind of the results in a manifest.
KIND = "export"


@dataclass(frozen=True, eq=False, repr=False)
class Export:
    """What an analyst would see, and the truth.

    Parameters
    ----------
    kind : str
        One of :data:`simulator.experiment.measurement_export.KINDS`.
    scenario : str
        Name of the scenario.
    tables : mapping of str to pandas.DataFrame
        By file name; they tell nothing that an analyst would not know.
    truth : pandas.DataFrame
        One row per effect: ``effect``, ``value`` (in the world that the tables show), ``unit``, ``meaning``;
        ``expected`` and its standard error ``expected_error`` over further worlds, NaN without them. A hold-out has
        ``value_error`` too, of the direct effect, which rests on random assignments.
    manifest : dict
        Question, notes, and how tools read the tables.
    """

    kind: str
    scenario: str
    tables: Mapping[str, pandas.DataFrame]
    truth: pandas.DataFrame
    manifest: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Hash of tables and truth."""
        return str(self.to_json_document()["digest"])

    def to_json_document(self) -> dict[str, Any]:
        """Return truth, sizes of tables and the manifest as plain data, with the digest over all numbers."""
        from simulator.outcomes.plain_data import plain

        hashes = {name: _table_hash(table) for name, table in self.tables.items()}
        found: dict[str, Any] = plain(
            {
                "kind": self.kind,
                "scenario": self.scenario,
                "tables": {
                    name: {
                        "rows": len(table),
                        "columns": [str(c) for c in table.columns],
                        "sha256": hashes[name],
                    }
                    for name, table in self.tables.items()
                },
                "truth": self.truth.to_dict(orient="records"),
                "question": self.manifest["question"],
                "notes": self.manifest["notes"],
                "how_to_read": self.manifest["how_to_read"],
            }
        )
        return {**found, "digest": document_digest(found)}

    def save(self, path: str | Path) -> Path:
        """Write a folder with the tables, ``truth.csv`` and ``manifest.json``; replaced if it is an earlier export.

        Parameters
        ----------
        path : path
            The folder.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        StoreError
            If there is something else at ``path``, or it cannot be written.
        """
        from simulator.outcomes.store import save_files

        files = {name: table.to_csv(index=False).encode() for name, table in self.tables.items()}
        files["truth.csv"] = self.truth.to_csv(index=False).encode()
        manifest = json.loads(json.dumps({"kind": KIND, **self.manifest, "digest": self.digest}, default=str))
        save_files(files, manifest, Path(path))
        return Path(path)

    def __repr__(self) -> str:
        lines = [f"Ground truth ({self.kind}) of {self.scenario}"]
        lines += [
            f"  {name}: {counted(len(table), 'row')} of {', '.join(map(str, table.columns))}"
            for name, table in self.tables.items()
        ]
        columns = ("effect", "value", "value_error", "unit", "expected", "expected_error")
        shown = [name for name in columns if name in self.truth and self.truth[name].notna().any()]
        lines.append(frame_text(self.truth[shown]))
        return "\n".join([*lines, *(f"  note: {note}" for note in self.manifest["notes"])])


def stored_export(folder: Path, question: Mapping[str, Any]) -> Export | None:
    """Return the export in a folder if it is complete and of the same question.

    Parameters
    ----------
    folder : Path
        The folder.
    question : mapping
        As :func:`simulator.experiment.measurement_export.export_question` returns it.
    """
    import pandas as pd

    from simulator.outcomes.store import load_manifest, verify

    try:
        manifest = load_manifest(folder)
        same = json.dumps(manifest.get("question"), sort_keys=True) == json.dumps(
            json.loads(json.dumps(question, default=str)), sort_keys=True
        )
        if not same:
            return None
        verify(folder)
    except StoreError:
        return None
    read = {name: pd.read_csv(folder / name) for name in manifest["files"]}
    truth = read.pop("truth.csv")
    return Export(str(question["kind"]), str(question["scenario"]), read, truth, manifest)


def _table_hash(table: pandas.DataFrame) -> str:
    """Return a hash of a table's numbers to nine significant digits."""
    rounded = table.to_csv(index=False, float_format="%.9g")
    return hashlib.sha256(rounded.encode()).hexdigest()
