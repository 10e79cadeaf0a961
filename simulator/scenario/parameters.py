"""The one table of behaviour parameters and state variables.

The scenario schema, the compiled engines, the ODD description and sensitivity analysis read this table;
nothing about a parameter is written a second time. Utilities are in logits. A prior is the range over
which a study may draw the parameter; it is uniform unless its form says otherwise.

A source marked "assumption" names a value that no study gives, chosen so that markets behave plausibly;
"fitted" one that was tuned so that the model reproduces published elasticities and diffusion curves, by the
study in experiments/calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Prior:
    """Range over which a parameter is drawn in a study.

    Parameters
    ----------
    low, high : float
        Ends of the range, in the parameter's unit.
    form : str
        ``uniform`` or ``log_uniform``.
    """

    low: float
    high: float
    form: Literal["uniform", "log_uniform"] = "uniform"


@dataclass(frozen=True)
class Parameter:
    """One behaviour parameter.

    Parameters
    ----------
    name : str
        Name in code, scenario files and documents.
    symbol : str
        Letter used in formulas.
    meaning, unit : str
        What it is, and in what it is measured.
    low, high : float
        Admissible range, ends included.
    default : float
        Value where a scenario says nothing.
    prior : Prior
        Range for sensitivity analysis and posterior draws.
    source : str
        Author, year and what was taken from there.
    submodel : str
        Submodel of the ODD description that uses it.
    is_whole : bool
        Whether only whole numbers are admissible.
    """

    name: str
    symbol: str
    meaning: str
    unit: str
    low: float
    high: float
    default: float
    prior: Prior
    source: str
    submodel: str
    is_whole: bool = False


@dataclass(frozen=True)
class StateVariable:
    """One state variable of an entity, as listed in the ODD description."""

    name: str
    entity: Literal["consumer", "consumer x brand", "brand"]
    meaning: str
    unit: str
    low: float
    high: float
    changed_by: str


def _p(
    name: str,
    symbol: str,
    meaning: str,
    unit: str,
    bounds: tuple[float, float],
    default: float,
    prior: tuple[float, float],
    source: str,
    submodel: str,
    form: Literal["uniform", "log_uniform"] = "uniform",
    is_whole: bool = False,
) -> Parameter:
    return Parameter(
        name,
        symbol,
        meaning,
        unit,
        *bounds,
        default,
        Prior(prior[0], prior[1], form),
        source,
        submodel,
        is_whole,
    )


PARAMETERS: tuple[Parameter, ...] = (
    # attention
    _p("wear_out", "phi", "loss of attention per unit of fatigue", "1/exposure", (0, 2), 0.05, (0, 0.2),
       "Naik, Mantrala & Sawyer 1998 (wear-out); assumption", "attention"),
    _p("fatigue_carryover", "rho_W", "share of fatigue left after a week", "1/week", (0, 0.99), 0.6, (0.3, 0.9),
       "Naik, Mantrala & Sawyer 1998 (restoration); assumption", "attention"),
    _p("clutter_half", "H", "impressions of all brands in a week that halve attention", "impressions", (0.1, 1e6),
       6.0, (2, 20), "Danaher, Bonfrer & Dhar 2008 (competitive interference); assumption", "attention"),
    _p("goodwill_carryover", "lambda", "share of goodwill left after a week", "1/week", (0, 0.999), 0.80,
       (0.7, 0.92), "Nerlove & Arrow 1962; assumption", "attention"),
    _p("memory_retention", "delta_M", "share of memory left after a week", "1/week", (0, 1), 0.96, (0.93, 0.995),
       "assumption", "attention"),
    _p("memory_gain_ad", "a_ad",
       "share of what is forgotten that one noticed advertisement restores; 1 restores all but a millionth", "1", (0, 1),
       0.10, (0.02, 0.15), "fitted: experiments/calibration", "attention"),
    _p("memory_gain_contact", "a_w", "the same for a word-of-mouth contact", "1", (0, 1), 0.25, (0.05, 0.4),
       "fitted: experiments/calibration", "attention"),
    _p("memory_gain_content", "a_c", "the same for a piece of content seen; here 1 restores all", "1", (0, 1),
       0.15, (0.02, 0.3), "assumption", "content"),
    # precision
    _p("profile_noise", "sigma_profile", "noise of one observed event about a consumer's taste", "taste units",
       (0, 5), 0.7, (0.3, 1.5), "assumption", "precision"),
    _p("profile_retention", "f", "share of a profile's evidence that a further event keeps", "1", (0, 1), 0.95,
       (0.8, 1), "assumption", "precision"),
    _p("refit_weeks", "T_refit", "weeks between two refits of targeted audiences", "weeks", (1, 52), 4.0, (1, 13),
       "assumption", "precision", is_whole=True),
    _p("retarget_weeks", "T_visit", "weeks for which a visitor is pursued", "weeks", (1, 26), 4.0, (1, 8),
       "assumption; Lambrecht & Tucker 2013 on retargeting, without a window", "precision", is_whole=True),
    _p("coupon_weeks", "T_coupon", "weeks for which a coupon is valid", "weeks", (1, 26), 3.0, (1, 8),
       "assumption", "precision", is_whole=True),
    # search
    _p("visit_weeks", "T_recall", "weeks for which a visited brand is considered", "weeks", (0, 26), 2.0, (1, 6),
       "assumption", "search", is_whole=True),
    _p("reading_propensity", "b_r", "probability that a shopper who buys everything online reads reviews", "1",
       (0, 1), 0.5, (0.1, 0.9), "assumption", "search"),
    _p("review_evidence", "n_R", "evidence weight of very many reviews", "experiences", (0, 6), 1.5, (0.5, 3),
       "You, Vadakkepatt & Joshi 2015 (valence and volume matter); assumption", "search"),
    _p("review_half", "c_R", "number of reviews that carry half of that weight", "reviews", (0.1, 1e6), 20.0,
       (5, 100), "assumption", "search"),
    # choice
    _p("category_value", "V_0", "utility of a middling brand against not buying", "logits", (-20, 20), -0.3,
       (-1, 1), "assumption", "choice"),
    _p("quality_weight", "beta_q", "utility of one unit of believed quality", "logits", (0, 20), 2.5, (1, 4),
       "assumption", "choice"),
    _p("fit_weight", "beta_f", "disutility of one unit of squared distance from one's taste", "logits", (0, 20),
       1.0, (0.5, 2), "assumption", "choice"),
    _p("goodwill_weight", "beta_G", "utility of ln(1 + goodwill)", "logits", (0, 10), 0.6, (0, 1.2),
       "fitted: experiments/calibration", "choice"),
    _p("habit_weight", "beta_L", "utility of full habit", "logits", (0, 10), 0.4, (0, 2),
       "Guadagni & Little 1983 (loyalty, which holds lasting taste too there); fitted: experiments/calibration",
       "choice"),
    _p("trust_weight", "beta_U", "utility of full trust", "logits", (0, 10), 0.5, (0, 1), "assumption", "choice"),
    _p("belonging_weight", "beta_B", "utility of full belonging", "logits", (0, 10), 0.5, (0, 1),
       "Algesheimer, Dholakia & Herrmann 2005 (sign); assumption", "choice"),
    _p("externality_weight", "beta_N", "utility of a full installed base", "logits", (0, 20), 1.0, (0, 2),
       "Katz & Shapiro 1985 (form)", "choice"),
    _p("social_weight", "beta_s", "utility of all neighbors having adopted", "logits", (0, 20), 0.0, (0, 3),
       "assumption", "choice"),
    _p("delay_weight", "beta_d", "disutility of a promised day of delivery", "logits/day", (0, 5), 0.05, (0, 0.3),
       "Fisher, Gallino & Xu 2019 (order of magnitude)", "choice"),
    _p("friction", "psi", "disutility of the effort of buying", "logits", (0, 20), 0.0, (0, 1), "assumption",
       "choice"),
    # experience
    _p("experience_sd", "sigma_S", "standard deviation of one experience around quality", "quality units", (0, 2),
       0.5, (0.2, 0.9), "Erdem & Keane 1996 (noisy experience); assumption", "experience"),
    _p("evidence_limit", "n_max", "most experiences that belief remembers", "experiences", (1, 100), 6.0, (3, 12),
       "assumption", "experience"),
    _p("habit_retention", "r_L", "share of habit left at a purchase occasion", "1/occasion", (0, 1), 0.8,
       (0.6, 0.95), "Guadagni & Little 1983 (.875 for brands, .812 for sizes)", "experience"),
    _p("review_intercept", "v_0", "propensity to review an unsurprising experience", "logits", (-20, 20), -4.5,
       (-6, -3), "assumption", "experience"),
    _p("review_surprise", "v_1", "rise of that propensity with surprise", "logits/quality unit", (0, 20), 1.5,
       (0, 3), "Anderson 1998 (U-shape); assumption", "experience"),
    # word of mouth
    _p("p_strong", "p_s", "rate of talk on a strong tie", "1/step", (0, 10), 0.20, (0.02, 0.3),
       "assumption; Goldenberg, Libai & Muller 2001 take .01 to .07 per period", "word_of_mouth"),
    _p("p_weak", "p_w", "rate of talk on a weak tie", "1/step", (0, 10), 0.06, (0.005, 0.15),
       "assumption; Goldenberg, Libai & Muller 2001 take .005 to .015 per period", "word_of_mouth"),
    _p("talk_base", "t_0", "talk about an experience without surprise", "1", (0, 10), 0.5, (0.2, 1),
       "Anderson 1998; assumption", "word_of_mouth"),
    _p("surprise_unit", "t_1", "surprise that doubles talk", "quality units", (0.01, 10), 0.5, (0.25, 1),
       "Anderson 1998; assumption", "word_of_mouth"),
    _p("loss_factor", "t_2", "weight of bad against good surprise in talk", "1", (0, 10), 1.5, (1, 2),
       "Anderson 1998 (dissatisfied talk more); assumption", "word_of_mouth"),
    _p("friend_credibility", "kappa_f", "credibility of a friend against own experience of half weight", "1",
       (0, 10), 1.0, (1 / 3, 3), "assumption: the prior spans equality", "word_of_mouth", "log_uniform"),
    _p("rewarded_credibility", "kappa_r", "factor on credibility when the friend is rewarded", "1", (0, 1), 0.6,
       (0.3, 1), "assumption", "referral"),
    # referral
    _p("invite_intercept", "r_0", "propensity of a satisfied buyer to invite without reward, cost included",
       "logits", (-20, 20), -3.0, (-5, -1), "assumption", "referral"),
    _p("invite_reward", "r_1", "rise of that propensity with a reward of one reference price", "logits", (0, 50),
       4.0, (1, 8), "Ryu & Feick 2007 (rewards raise referral); assumption", "referral"),
    _p("altruism", "r_2", "weight of the receiver's reward in the sender's eyes", "1", (0, 1), 0.4, (0, 1),
       "assumption", "referral"),
    # community
    _p("join_intercept", "j_0", "propensity of a buyer to join the community", "logits", (-20, 20), -3.0, (-5, -1),
       "assumption", "community"),
    _p("join_surprise", "j_1", "rise of that propensity with surprise", "logits/quality unit", (0, 20), 1.0,
       (0, 2), "assumption", "community"),
    _p("join_neighbors", "j_2", "rise with every neighbor who is a member", "logits/neighbor", (0, 20), 0.3,
       (0, 1), "Algesheimer, Dholakia & Herrmann 2005 (social identity); assumption", "community"),
    _p("interaction_rate", "i_0", "interactions of a member of mean talkativeness", "1/week", (0, 10), 0.3,
       (0.1, 0.6), "assumption", "community"),
    _p("belonging_retention", "r_B", "share of belonging left after a week", "1/week", (0, 1), 0.98, (0.95, 1),
       "assumption", "community"),
    _p("belonging_gain", "eta_B", "share of missing belonging that an interaction adds", "1", (0, 1), 0.10,
       (0.02, 0.3), "assumption", "community"),
    _p("community_exit", "e_B", "probability per week that a member without belonging leaves", "1/week", (0, 1),
       0.05, (0.01, 0.2), "assumption", "community"),
    # content
    _p("share_intercept", "c_0", "propensity to pass on a piece of average practical value", "logits", (-20, 20),
       -3.5, (-5, -2), "Goel, Watts & Goldstein 2012 (few reshare); fitted: experiments/calibration", "content"),
    _p("share_value", "c_1", "rise of that propensity with a standard deviation of practical value", "logits",
       (0, 10), 0.18, (0, 1.5), "Berger & Milkman 2012; fitted: experiments/calibration", "content"),
    _p("share_promotion", "c_2", "fall of that propensity with a purely promotional piece", "logits", (0, 10), 1.0,
       (0, 2), "assumption", "content"),
    _p("feed_attention", "p_feed", "probability that a neighbor sees a piece passed on", "1", (0, 1), 0.10,
       (0.02, 0.3), "assumption", "content"),
    _p("follower_attention", "p_view", "probability that a follower sees a piece", "1", (0, 1), 0.30, (0.1, 0.6),
       "assumption", "content"),
    _p("follow_intercept", "f_0", "propensity of a viewer to follow", "logits", (-20, 20), -2.5, (-4, -1),
       "assumption", "content"),
    _p("follow_value", "f_1", "rise of that propensity with value", "logits", (0, 10), 0.5, (0, 1.5), "assumption",
       "content"),
    _p("unfollow_intercept", "f_2", "propensity of a viewer to stop following", "logits", (-20, 20), -4.0,
       (-6, -2), "assumption", "content"),
    _p("piece_value_sd", "sigma_v", "spread of practical value between pieces", "SD of value", (0, 5), 1.0,
       (0.5, 1.5), "by definition of the unit", "content"),
    _p("piece_appeal_sd", "sigma_a", "spread of other appeal between pieces", "logits", (0, 5), 1.0, (0.5, 1.5),
       "fitted: experiments/calibration", "content"),
    _p("trust_gain", "eta_U", "share of missing trust that a piece of unit value adds", "1", (0, 1), 0.05,
       (0, 0.15), "assumption", "content"),
    _p("trust_decay", "delta_U", "weekly return of trust to its initial value", "1/week", (0, 1), 0.02, (0, 0.1),
       "assumption", "content"),
)  # fmt: skip

PARAMETER: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}


STATES: tuple[StateVariable, ...] = (
    StateVariable("memory", "consumer x brand", "probability of recalling the brand when a need arises", "1",
                  0, 1, "advertisements, contacts, content, purchase, forgetting"),
    StateVariable("goodwill", "consumer x brand", "stock of noticed advertising", "advertisements", 0, 1e9,
                  "advertisements, decay"),
    StateVariable("fatigue", "consumer x brand", "stock of exposures", "exposures", 0, 1e9, "exposure, recovery"),
    StateVariable("belief", "consumer x brand", "expected satisfaction", "quality units", -2, 2,
                  "experience, word of mouth, reviews"),
    StateVariable("evidence", "consumer x brand", "experiences behind the belief", "experiences", 1, 100,
                  "experience, word of mouth, reviews"),
    StateVariable("habit", "consumer x brand", "smoothed share of own purchases", "1", 0, 1, "purchase occasions"),
    StateVariable("trust", "consumer x brand", "trust in the brand", "1", 0, 1, "content, decay"),
    StateVariable("belonging", "consumer x brand", "belonging to the brand's community", "1", 0, 1,
                  "interaction, decay"),
    StateVariable("profile_x", "consumer x brand", "taste as the brand estimates it, first axis", "taste units",
                  -1e3, 1e3, "visits and purchases that the brand observes"),
    StateVariable("profile_y", "consumer x brand", "taste as the brand estimates it, second axis", "taste units",
                  -1e3, 1e3, "visits and purchases that the brand observes"),
    StateVariable("profile_evidence", "consumer x brand", "observed events behind the profile", "events", 0, 1e3,
                  "visits and purchases that the brand observes"),
    StateVariable("is_follower", "consumer x brand", "follows the brand's content", "yes/no", 0, 1, "content"),
    StateVariable("is_member", "consumer x brand", "is in the brand's community", "yes/no", 0, 1, "community"),
    StateVariable("has_bought", "consumer x brand", "has ever bought the brand", "yes/no", 0, 1, "purchase"),
    StateVariable("was_reached", "consumer x brand", "has ever noticed its advertising", "yes/no", 0, 1,
                  "advertisements"),
    StateVariable("is_turned_away", "consumer x brand", "the brand turned the open commitment away", "yes/no", 0, 1,
                  "group buying"),
    StateVariable("visit_step", "consumer x brand", "step of the latest visit to the brand", "step", -32_767, 32_767,
                  "clicks, online search, group buying"),
    StateVariable("click_step", "consumer x brand", "step of the latest click that no purchase has followed", "step",
                  -32_767, 32_767, "clicks, purchase"),
    StateVariable("coupon_is_strategy", "consumer x brand", "the coupon held is the strategy's", "yes/no", 0, 1,
                  "advertisements with a coupon"),
    StateVariable("coupon", "consumer x brand", "depth of the coupon held", "share of price", 0, 0.9,
                  "advertisements with a coupon"),
    StateVariable("coupon_until", "consumer x brand", "last step at which the coupon is valid", "step", -32_767, 32_767,
                  "advertisements with a coupon"),
    StateVariable("touch", "consumer x brand", "latest source of contact with the brand", "source", 0, 5,
                  "advertisements, contacts, content, community"),
    StateVariable("invitation_step", "consumer x brand", "step in which the invitation held was sent", "step", -32_767,
                  32_767, "referral"),
    StateVariable("invited_until", "consumer x brand", "last step at which the invitation is valid", "step", -32_767,
                  32_767, "referral"),
    StateVariable("read_step", "consumer x brand", "step of the latest reading of the brand's reviews", "step or never",
                  -1, 32_767, "reading reviews"),
    StateVariable("latest_brand", "consumer", "brand bought last", "brand or none", -1, 200, "purchase"),
    StateVariable("satisfaction", "consumer", "satisfaction of the latest experience", "quality units", -2, 2,
                  "experience"),
    StateVariable("surprise", "consumer", "that satisfaction minus what was believed", "quality units", -4, 4,
                  "experience"),
    StateVariable("has_open_need", "consumer", "a need left over from an earlier step", "yes/no", 0, 1,
                  "refused orders, failed groups"),
    StateVariable("replacement_step", "consumer", "step at which an owned durable is replaced", "step", -32_767, 32_767,
                  "purchase of a durable"),
    StateVariable("committed_brand", "consumer", "brand of the open commitment to a group", "brand or none", -1,
                  200, "group buying"),
    StateVariable("commitment_step", "consumer", "step of that commitment", "step", -32_767, 32_767, "group buying"),
    StateVariable("stock", "brand", "units on hand, by region or pooled", "units", 0, 1e18,
                  "supply, purchases"),
    StateVariable("position", "brand", "point in the plane of tastes", "taste units", -1e3, 1e3, "co-design"),
    StateVariable("review_count", "brand", "public reviews", "reviews", 0, 1e18, "reviews"),
    StateVariable("review_sum", "brand", "sum of the ratings", "quality units", -1e18, 1e18, "reviews"),
    StateVariable("review_history", "brand", "both of these as they stood at the start of each step", "as these",
                  -1e18, 1e18, "reviews"),
    StateVariable("installed_base", "brand", "consumers whose latest purchase is the brand", "consumers", 0, 1e9,
                  "purchase"),
    StateVariable("spent_total", "brand", "what its strategy has spent", "1/10000 currency", 0, 1e18,
                  "media, production, seeding, service, and what consumers buy"),
    StateVariable("spent_program", "brand", "the same by program of the strategy", "1/10000 currency", 0, 1e18,
                  "service, and what consumers buy"),
    StateVariable("latest_units", "brand", "units sold in the last step", "units", 0, 1e9, "purchase"),
    StateVariable("reserved", "brand", "set aside for discounts of open commitments", "1/10000 currency", 0, 1e18,
                  "group buying"),
    StateVariable("latest_commitments", "brand", "commitments when groups were last offered", "consumers", 0, 1e9,
                  "group buying"),
    StateVariable("latest_piece", "brand", "step in which its newest content was published", "step or none", -1, 32_767,
                  "content"),
    StateVariable("piece_value", "brand", "practical value of what was published in each step", "SD of value", -100,
                  100, "content"),
    StateVariable("piece_appeal", "brand", "other appeal of what was published in each step", "logits", -100, 100,
                  "content"),
)  # fmt: skip
