"""Do ties between women forecast who adopts family planning? Fit years 1-5, forecast 6-10, compare.

Usage: python experiments/villages/run.py FOLDER [--out FOLDER] with korean_family_planning_edges.csv.gz and
korean_family_planning_nodes.csv in FOLDER, and the two files of medical_innovation beside them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import simulator as sim
from simulator.experiment.network_hazard import influence_placebo

INFLUENCES = ("named", "naming", "both", "everyone", "nobody")
FORMS = ("count", "share")
#: Title, period and group of the figure.
WORDS = {
    "korean_family_planning": ("Family planning in Korean villages", "year", "village"),
    "medical_innovation": ("Tetracycline among American physicians", "month", "town"),
}
#: Name, periods observed, periods fitted.
NETWORKS = {"korean_family_planning": (10, 5), "medical_innovation": (17, 8)}


def candidates(folder: Path, name: str) -> dict[tuple[str, str, bool], sim.NetworkStudy]:
    """Fit every candidate to the first periods."""
    n_periods, fit_until = NETWORKS[name]
    return {
        (influence, form, effects): sim.study_network(
            folder / f"{name}_edges.csv.gz",
            folder / f"{name}_nodes.csv",
            group="group",
            n_periods=n_periods,
            fit_until=fit_until,
            influence=influence,
            form=form,
            group_effects=effects,
            seed=1,
        )
        for influence in INFLUENCES
        for form in FORMS
        for effects in (False, True)
        if not (influence == "nobody" and form == "share")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--shuffles", type=int, default=199)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in NETWORKS:
        studies = candidates(arguments.folder, name)
        rows = []
        for (influence, form, effects), study in studies.items():
            scores = study.scores.set_index("forecast")
            rows.append(
                {
                    "influence": influence,
                    "form": form,
                    "group_effects": effects,
                    "p": study.fit.p,
                    "q": study.fit.q if influence != "nobody" else 0.0,
                    "akaike": study.fit.akaike,
                    "influence_p_value": study.fit.p_value,
                    **scores.loc["network"].to_dict(),
                    "group_coverage_90": study.group_coverage,
                    "discrimination": study.discrimination,
                }
            )
        table = pd.DataFrame(rows).sort_values("akaike", ignore_index=True)
        table.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.4f")
        best = table.iloc[0]
        chosen = studies[best["influence"], best["form"], bool(best["group_effects"])]
        chosen.scores.to_csv(arguments.out / f"{name}_scores.csv", index=False, float_format="%.4f")
        title, period, group = WORDS[name]
        figure = chosen.plot_forecast(title=title, period=period, group=group)
        figure.savefig(arguments.out / f"{name}.png", dpi=144, metadata={"Software": None})
        print(f"== {name}: chosen by Akaike's criterion on the fitted periods: {dict(best.iloc[:3])}")
        print(chosen)
        placebo = influence_placebo(chosen.fit, n=arguments.shuffles)
        print(f"times shuffled within groups gain as much with probability {placebo:.3f}\n")


if __name__ == "__main__":
    main()
