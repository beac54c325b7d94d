"""Which metrics there are, in the order of tables and scores.json; one more is a module and a line here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import entry_points

from vecbench.metrics import (
    calibration,
    consistency,
    discrimination,
    distributions,
    isotonic,
    joint,
    labels,
    logistic,
    multilabel,
    options,
    proper,
    rankings,
    regression,
    scored_options,
    selective,
    smooth,
    stated_values,
    verdicts,
)
from vecbench.metrics.definition import Metric

ENTRY_POINT = "vecbench.metrics"

CONFIDENCE_METRICS = (
    joint.JOINT_SCORE,
    calibration.ECE,
    proper.BRIER,
    discrimination.AUROC,
    calibration.CONFIDENCE_GAP,
    joint.BRIER_SKILL,
    proper.BRIER_RELIABILITY,
    proper.BRIER_RESOLUTION,
    proper.BRIER_UNCERTAINTY,
    calibration.ECE_15,
    calibration.ECE_MASS,
    stated_values.VALUE_ECE,
    stated_values.RMSCE,
    calibration.MCE,
    smooth.SMECE,
    discrimination.AURC,
    discrimination.E_AURC,
    discrimination.AUGRC,
    proper.NLL,
    isotonic.MCB,
    isotonic.DSC,
    logistic.CALIBRATION_SLOPE,
    logistic.CALIBRATION_INTERCEPT,
    selective.COVERAGE_AT_90,
    calibration.SHARE_AT_ONE,
    consistency.ECE_NULL,
    consistency.CALIBRATION_P,
)
"""Of every kind whose answers are right or wrong."""

OPTION_METRICS = (
    scored_options.OPTIONS_ACCURACY,
    scored_options.OPTIONS_BRIER,
    scored_options.OPTIONS_NLL,
    scored_options.CLASSWISE_ECE,
)
"""Where the options of a question with one right one were scored."""

JUDGED_METRICS = (labels.ACCURACY, labels.COVERAGE, *CONFIDENCE_METRICS)
LABEL_METRICS = (
    labels.ACCURACY,
    labels.F1_MACRO,
    labels.F1_WEIGHTED,
    labels.COVERAGE,
    *CONFIDENCE_METRICS,
    *OPTION_METRICS,
)
ORDERED_LABEL_METRICS = (*LABEL_METRICS[:1], regression.MAE, *LABEL_METRICS[1:], regression.CCC)
"""Of labels that are a scale; their quadratically weighted kappa is Lin's concordance correlation."""

STATEMENT_METRICS = (
    labels.ACCURACY,
    verdicts.POSITIVE_RATIO,
    verdicts.GIVE_UP_RATIO,
    labels.F1_MACRO,
    labels.F1_WEIGHTED,
    labels.COVERAGE,
    *CONFIDENCE_METRICS,
    *OPTION_METRICS,
)
CHOICE_METRICS = (
    labels.ACCURACY,
    options.CHANCE,
    options.LETTER_BIAS,
    labels.COVERAGE,
    *CONFIDENCE_METRICS,
    *OPTION_METRICS,
)
LABEL_SET_METRICS = (
    multilabel.F1_MICRO,
    multilabel.MAP,
    multilabel.F1_MACRO,
    multilabel.F1_SAMPLES,
    multilabel.JACCARD,
    multilabel.HAMMING,
    multilabel.EXACT_MATCH,
    *JUDGED_METRICS,
    scored_options.OPTIONS_MAP,
)
RANKING_METRICS = (
    rankings.RANKING_SCORE,
    rankings.HIT,
    rankings.ORDER,
    rankings.BEST_CONSTANT,
    *JUDGED_METRICS,
)
_OF_RATINGS = (
    regression.MAE,
    regression.RMSE,
    regression.BIAS,
    regression.PEARSON,
    regression.SPEARMAN,
    regression.KENDALL,
    regression.CCC,
)
RATING_METRICS = (*_OF_RATINGS, labels.COVERAGE)
JUDGED_RATING_METRICS = (*_OF_RATINGS, *JUDGED_METRICS)
"""Of ratings that are right within a tolerance."""

DISTRIBUTION_METRICS = (
    distributions.EXPECTED_HIT,
    distributions.CEILING,
    distributions.RATER_AGREEMENT,
    labels.ACCURACY,
    labels.COVERAGE,
    distributions.SHARE_BRIER,
    distributions.SHARE_ECE,
    distributions.SHARE_GAP,
    distributions.JS,
    distributions.SOFT_BRIER,
    distributions.CHEBYSHEV,
    distributions.COSINE,
    distributions.INTERSECTION,
    distributions.KL,
    distributions.CLARK,
    distributions.CANBERRA,
)
"""Confidences are held against shares of raters: those against right or wrong are of other kinds."""

OWN_METRICS = tuple(
    dict.fromkeys(
        (
            *LABEL_METRICS,
            *STATEMENT_METRICS,
            *CHOICE_METRICS,
            *LABEL_SET_METRICS,
            *RANKING_METRICS,
            *JUDGED_RATING_METRICS,
            *DISTRIBUTION_METRICS,
        )
    )
)


@lru_cache(maxsize=1)
def installed_metrics() -> tuple[Metric, ...]:
    """Those of installed packages; one that has the key of one of ours is not taken."""
    own = {metric.key for metric in OWN_METRICS}
    found = (each.load() for each in entry_points(group=ENTRY_POINT))
    return tuple(metric for metric in found if metric.key not in own)


def with_installed(own: Sequence[Metric], *, judged: bool) -> tuple[Metric, ...]:
    """The metrics of an answer kind, and those of installed packages that its rows can have.

    Args:
        own: The kind's.
        judged: Whether its answers are right or wrong.
    """
    has_classes = any(metric.basis == "classes" for metric in own)
    further = [
        metric
        for metric in installed_metrics()
        if (metric.basis == "confidence" and judged) or (metric.basis == "classes" and has_classes)
    ]
    return (*own, *further)


def null_bins(metrics: Iterable[Metric]) -> tuple[int, ...]:
    """The bins of the consistency tests that some metrics take."""
    return tuple(sorted({metric.bins for metric in metrics if metric.bins is not None}))
