from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from simulated_runs import simulated, write_run

import vecbench
from vecbench.errors import UsageError
from vecbench.report.diagrams import by_model


def said(figure):
    return [text.get_text() for text in figure.texts]


def legend(figure):
    return {text.get_text() for text in figure.legends[0].get_texts()}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rows = simulated({"fi_2": 40, "fi_8": 30, "emoji_7": 20}, seed=1)
    return write_run(tmp_path_factory.mktemp("runs") / "run", rows)


@pytest.fixture(scope="module")
def scores(path):
    return replace(vecbench.score(path), run={"model": "a-model"})


@pytest.mark.parametrize(
    ("name", "title", "n"),
    [("fi_8", "FI-8", 30), ("id_ver", "ID VER", 30), ("overall", "Overall", 90)],
)
@pytest.mark.parametrize("draw", [vecbench.reliability_diagram, vecbench.coverage_curve])
def test_a_diagram_is_of_a_task_a_group_or_everything(draw, scores, name, title, n):
    figure = draw(scores, name)
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == f"a-model  ·  {title}"
    assert said(figure)[1].startswith(f"all rows: n = {n}, Acc ")


def test_without_a_name_it_is_of_everything(scores):
    assert vecbench.reliability_diagram(scores).get_suptitle().endswith("Overall")
    arrays = vecbench.score_confidences([0.9, 0.6], [True, False])
    assert vecbench.reliability_diagram(arrays).get_suptitle() == "All rows"


def test_the_numbers_in_it_are_those_of_the_table():
    """Rows without a confidence count for the accuracy of all, and not for that of the drawn ones."""
    scores = vecbench.score_confidences([0.9, 0.9, 0.6, 0.3, None], [True, True, False, True, False])
    metrics = scores.overall.pooled.metrics
    acc, cov, ece, brier, auroc = (
        f"{100 * metrics[key].value:.1f}" for key in ("accuracy", "coverage", "ece", "brier", "auroc")
    )
    figure = vecbench.reliability_diagram(scores)
    assert said(figure)[1:3] == [
        f"all rows: n = 5, Acc {acc}, Cov {cov}",
        f"with a confidence: n = 4, ECE {ece}, Brier {brier}, AUROC {auroc}",
    ]
    assert said(figure)[3].startswith(f"a calibrated model's ECE: {100 * metrics['ece_null'].value:.1f} ")
    assert {"their accuracy: 75.0", "their mean confidence: 67.5"} <= legend(figure)
    curve = vecbench.coverage_curve(scores)
    assert (
        said(curve)[2] == f"with a confidence: n = 4, AUROC {auroc}, AURC {100 * metrics['aurc'].value:.1f}"
    )
    assert "their accuracy: 75.0" in legend(curve)


def test_under_a_published_protocol_they_are_those_of_its_table(path):
    scores = vecbench.score(path, "emocaliber")
    ece = scores.groups["id_ver"].pooled.metrics["ece"].value
    assert f"ECE {100 * ece:.2f}" in said(vecbench.reliability_diagram(scores, "id_ver"))[2]


def test_a_corp_diagram_has_the_parts_of_the_brier_score(scores):
    metrics = scores.groups["id_ver"].pooled.metrics
    brier, mcb, dsc, unc = (
        f"{100 * metrics[key].value:.1f}" for key in ("brier", "mcb", "dsc", "brier_uncertainty")
    )
    assert said(vecbench.reliability_diagram(scores, "id_ver", corp=True))[3] == (
        f"Brier {brier} = miscalibration {mcb} − discrimination {dsc} + uncertainty {unc}"
    )


def test_several_models_are_drawn_over_each_other_with_their_numbers(scores):
    other = vecbench.score_confidences([0.9, 0.6], [True, False])
    for draw, heading in ((vecbench.reliability_diagram, "ECE"), (vecbench.coverage_curve, "AURC")):
        figure = draw({"mine": scores, "$theirs_2$": other})
        shown = said(figure)
        assert {"mine", "$theirs_2$"} <= set(shown)
        assert [each.startswith("n = ") and f", {heading} " in each for each in shown].count(True) == 2
        styles = {line.get_linestyle() for line in figure.artists if line.get_linestyle() != "None"}
        markers = {line.get_marker() for line in figure.artists if line.get_linestyle() == "None"}
        assert len(styles) == len(markers) == 2  # told apart without colour


def test_models_of_one_name_and_of_none_are_numbered(scores):
    other = vecbench.score_confidences([0.9, 0.6], [True, False])
    assert list(by_model([scores, other, scores])) == ["a-model (1)", "(2)", "a-model (3)"]
    assert list(by_model([scores, other], ["x", "y"])) == ["a-model", "y"]
    assert list(by_model([scores, scores], ["x", "y"])) == ["a-model x", "a-model y"]
    assert list(by_model([scores, scores], ["x", "x"])) == ["a-model (1)", "a-model (2)"]


@pytest.mark.parametrize("models", [0, 1, 7])
def test_an_overlay_of_too_few_or_too_many_models_is_refused(scores, models):
    with pytest.raises(UsageError, match=f"two to six models, not of {models}"):
        vecbench.reliability_diagram([scores] * models)


def test_a_corp_diagram_of_several_models_is_refused(scores):
    with pytest.raises(UsageError, match="of one model"):
        vecbench.reliability_diagram([scores, scores], corp=True)


def test_an_unknown_name_is_refused_with_the_nearest(scores):
    with pytest.raises(UsageError, match="no task or group 'fi_9'") as refused:
        vecbench.reliability_diagram(scores, "fi_9")
    assert "fi_8" in refused.value.remedy


def test_what_has_no_confidences_scored_has_no_diagram(path):
    with pytest.raises(UsageError, match="its confidences are not scored"):
        vecbench.reliability_diagram(vecbench.score(path, "emobserver"), "id_ver")


def test_a_notebook_shows_the_figure(scores):
    assert vecbench.reliability_diagram(scores)._repr_png_().startswith(b"\x89PNG")
