"""A calibration: the posterior, what it predicts, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ScenarioError
from simulator.experiment.approximate_bayes import Posterior
from simulator.experiment.bass_fit import bass
from simulator.experiment.calibration_market import MarketModel
from simulator.experiment.fitting_wording import NOT_CHECKED, WIDE, calibration_command, calibration_sentences
from simulator.experiment.free_parameters import values_of
from simulator.experiment.simulation_based_check import RankCheck
from simulator.experiment.treatments import Treatment
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.wording import describe_p_value

if TYPE_CHECKING:
    import pandas

Values = NDArray[np.float64]

#: Two parameters whose posterior correlation exceeds this are determined only together.
RIDGE = 0.9
#: Share of a uniform prior's range at either end, and the share of draws there that is too many.
EDGE, PILED = 0.05, 0.3
#: An observation as far from all simulations as fewer than this share of them is beyond the model or its priors.
UNREACHED = 0.01
#: A coverage check with a smaller p-value condemns the sampler.
UNTRUSTED = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """A market model fitted to what was observed.

    Parameters
    ----------
    model : MarketModel
        Scenario, free parameters and observation.
    posterior : Posterior
        Draws, as scores.
    predicted : ndarray of float64, shape (draw, summary)
        What fresh replicates at the first draws of the posterior give, periods held out and errors of measurement
        included.
    check : RankCheck or None
        Ranks of truths drawn from the prior among the sampler's draws; None if the sampler was not checked.
    distance_p_value : float
        Share of prior simulations whose own nearest simulations are at least as far as the observation's.
    n_undefined : int
        Prior simulations left out because a metric was undefined.
    asked : dict
        What was asked of the method: method, n_simulations, n_checks, measurement_error.
    manifest : dict
        How it came about.
    """

    model: MarketModel
    posterior: Posterior
    predicted: Values
    check: RankCheck | None
    distance_p_value: float
    n_undefined: int
    asked: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    #: File that has the draws, in the folder of the calibration.
    table_name = "posterior.csv"

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the free parameters."""
        return tuple(parameter.name for parameter in self.model.free)

    @cached_property
    def draws(self) -> Values:
        """Posterior draws; shape (draw, parameter)."""
        return values_of(self.model.free, self.posterior.scores)

    @property
    def overrides(self) -> dict[str, float]:
        """Posterior medians by path, ready for ``scenario.with_overrides``."""
        return self.model.overrides(np.median(self.draws, axis=0))

    def to_dataframe(self) -> pandas.DataFrame:
        """Return the posterior draws: one row per draw, one column per free parameter."""
        import pandas as pd

        return pd.DataFrame(self.draws, columns=list(self.names))

    @cached_property
    def summary(self) -> pandas.DataFrame:
        """One row per free parameter: prior, mean, sd, quantiles and contraction.

        Contraction is 1 - (posterior variance)/(prior variance) of the score: 0 nothing learned, 1 determined.
        """
        import pandas as pd

        quantiles = np.quantile(self.draws, [0.05, 0.5, 0.95], axis=0)
        return pd.DataFrame(
            {
                "parameter": self.names,
                "prior": [parameter.text for parameter in self.model.free],
                "mean": self.draws.mean(axis=0),
                "sd": self.draws.std(axis=0, ddof=1),
                "q05": quantiles[0],
                "q50": quantiles[1],
                "q95": quantiles[2],
                "contraction": 1 - np.minimum(self.posterior.scores.var(axis=0), 1.0),
            }
        )

    @cached_property
    def correlation(self) -> Values:
        """Posterior correlation of the scores; shape (parameter, parameter)."""
        return np.atleast_2d(np.corrcoef(self.posterior.scores, rowvar=False))

    @cached_property
    def predictive(self) -> pandas.DataFrame:
        """Posterior predictive check: one row per fitted summary.

        ``p_value`` is two-sided: how often a replicate at a draw of the posterior is as far out as the observation.
        """
        n = self.model.observation.n_fitted
        return self._prediction(slice(0, n))

    @cached_property
    def hold_out(self) -> pandas.DataFrame | None:
        """Prediction of the periods held out, beside the naive and the Bass forecast; None without them."""
        seen = self.model.observation
        if seen.n_fitted == len(seen.values) or seen.series is None:
            return None
        table = self._prediction(slice(seen.n_fitted, None))
        table["naive"] = seen.values[seen.n_fitted - 1]
        try:
            fit = bass(seen.series.values, hold_out=len(table))
            table["bass_nls"] = fit.forecast(len(table))["adopters"].to_numpy()
        except ScenarioError:
            table["bass_nls"] = np.nan
        return table

    def _prediction(self, part: slice) -> pandas.DataFrame:
        import pandas as pd

        seen, predicted = self.model.observation, self.predicted[:, part]
        observed = seen.values[part]
        n = np.isfinite(predicted).sum(axis=0)
        above = (predicted >= observed).sum(axis=0) + 1
        below = (predicted <= observed).sum(axis=0) + 1
        low, middle, high = np.nanquantile(predicted, [0.05, 0.5, 0.95], axis=0)
        return pd.DataFrame(
            {
                "summary": seen.names[part],
                "observed": observed,
                "median": middle,
                "q05": low,
                "q95": high,
                "p_value": np.minimum(2 * np.minimum(above, below) / (n + 1), 1.0),
            }
        )

    @cached_property
    def errors(self) -> dict[str, float] | None:
        """Mean absolute errors over the periods held out, and the share within the 90 % band; None without."""
        table = self.hold_out
        if table is None:
            return None
        observed = table["observed"]
        found = {
            f"{name}_mean_absolute_error": float((table[column] - observed).abs().mean())
            for name, column in (("model", "median"), ("naive", "naive"), ("bass_nls", "bass_nls"))
        }
        found["share_in_90_band"] = float(observed.between(table["q05"], table["q95"]).mean())
        return found

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What the data leave open, and what speaks against sampler or model."""
        return (*self._identification(), *self.doubts)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was learned and how far it can be trusted, in plain sentences; the first is the answer."""
        return calibration_sentences(self)

    @property
    def settings(self) -> tuple[str, ...]:
        """Posterior medians as ``path=value``, as the command line takes them after ``--set``."""
        return Treatment(self.model.strategy, self.overrides).settings

    @property
    def command(self) -> str | None:
        """Command that repeats the calibration; None where the command line does not have its settings."""
        return calibration_command(self)

    @property
    def is_unreached(self) -> bool:
        """Whether no simulation from the prior comes near the observation; the posterior then tells nothing."""
        return self.distance_p_value < UNREACHED

    def _identification(self) -> list[str]:
        found = []
        width = self.posterior.scores.std(axis=0)
        for k, name in enumerate(self.names):
            if width[k] > WIDE and not self.is_unreached:
                found.append(
                    f"{name} is not identified: its posterior is {width[k]:.0%} as wide as the prior, so what is "
                    "reported is the prior"
                )
            low, high = ((self.posterior.scores[:, k] * side > 1.645).mean() for side in (-1, 1))
            for share, end in ((low, "lower"), (high, "upper")):
                if share > PILED and self.model.free[k].form != "normal":
                    found.append(f"{name} piles up at the {end} end of its prior ({share:.0%} of the draws)")
            for other in range(k):
                strength = self.correlation[k, other]
                if abs(strength) > RIDGE:
                    found.append(
                        f"{self.names[other]} and {name} lie on a ridge (correlation {strength:.2f}): the data "
                        "determine them only together"
                    )
        return found

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against sampler or model."""
        found = []
        if self.is_unreached:
            found.append(
                "no simulation from the prior comes near the observation: the model cannot produce it, or the "
                "priors exclude it"
            )
        outside = self.predictive[self.predictive["p_value"] < 0.02]["summary"].tolist()
        if len(outside) > max(1, 0.1 * len(self.predictive)) or (outside and len(self.predictive) < 5):
            found.append(f"the fitted model does not reproduce {', '.join(outside[:6])}")
        if self.check is not None and self.check.p_value < UNTRUSTED:
            found.append(
                f"the coverage check fails ({describe_p_value(self.check.p_value)}): use more simulations, or "
                "narrower priors"
            )
        share = self.n_undefined / max(self.posterior.n_simulations, 1)
        if share > 0.05:
            found.append(
                f"{share:.0%} of the simulations were left out because a metric was undefined in them"
            )
        return tuple(found)

    @property
    def checked(self) -> str:
        """What the coverage check found, in one sentence."""
        if self.check is None:
            return f"coverage {NOT_CHECKED}"
        shares = ", ".join(f"{share:.0%}" for share in self.check.coverage(0.9).values())
        return (
            f"{self.check.nominal(0.9):.0%} intervals held {shares} of {len(self.check.ranks)} known truths; "
            f"ranks uniform: {describe_p_value(self.check.p_value)}"
        )

    def to_json_document(self) -> dict[str, Any]:
        """Return the calibration as plain data, with its digest."""
        from simulator.outcomes.plain_data import plain

        seen, hold_out = self.model.observation, self.hold_out
        found: dict[str, Any] = plain(
            {
                "scenario": self.model.scenario.name,
                "scenario_digest": self.model.scenario.digest,
                "strategy": self.model.strategy,
                "seed": self.model.seed,
                "fitted_to": f"series of {self.model.quantity}"
                if seen.series is not None
                else "target moments",
                "method": self.posterior.method,
                "n_simulations": self.posterior.n_simulations,
                "stopped": self.posterior.stopped,
                "rounds": list(self.posterior.rounds),
                "posterior": self.summary.to_dict(orient="records"),
                "correlation": self.correlation.tolist(),
                "overrides": self.overrides,
                "predictive": self.predictive.to_dict(orient="records"),
                "distance_p_value": self.distance_p_value,
                "coverage_check": NOT_CHECKED if self.check is None else self.check.to_json_document(),
                "hold_out": None if hold_out is None else hold_out.to_dict(orient="records"),
                "errors": self.errors,
                "warnings": self.warnings,
            }
        )
        return {**found, "digest": document_digest(found)}

    @property
    def digest(self) -> str:
        """Hash of the results."""
        return str(self.to_json_document()["digest"])

    def __repr__(self) -> str:
        lines = [
            f"Calibration of {self.model.scenario.name} ({self.model.strategy}) by {self.posterior.method}",
            f"  {self.posterior.n_simulations:,} simulations, seed {self.model.seed}; {self.posterior.stopped}".rstrip(
                "; "
            ),
        ]
        for row in self.summary.itertuples():
            lines.append(
                f"  {row.parameter} = {row.q50:.4g} (90 % {row.q05:.4g} to {row.q95:.4g}), "
                f"contraction {row.contraction:.2f}"
            )
        lines.append(f"  {self.checked}")
        if self.errors is not None:
            model, naive = self.errors["model_mean_absolute_error"], self.errors["naive_mean_absolute_error"]
            by_bass = self.errors["bass_nls_mean_absolute_error"]
            text = f"Bass {by_bass:,.4g}" if np.isfinite(by_bass) else "no Bass curve fits"
            lines.append(f"  held out: mean absolute error {model:,.4g}, naive {naive:,.4g}, {text}")
        return "\n".join([*lines, *(f"  warning: {warning}" for warning in self.warnings)])
