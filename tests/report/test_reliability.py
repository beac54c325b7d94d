import pytest
from matplotlib.figure import Figure
from simulated_runs import simulated, write_run

import vecbench
from vecbench.errors import UsageError


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rows = simulated({"fi_2": 40, "fi_8": 30, "emoji_7": 20}, seed=1)
    return write_run(tmp_path_factory.mktemp("runs") / "run", rows)


@pytest.fixture(scope="module")
def scores(path):
    return vecbench.score(path)


@pytest.mark.parametrize(
    ("name", "title"),
    [("fi_8", "FI-8   n = 30"), ("id_ver", "ID VER   n = 30"), ("overall", "Overall   n = 90")],
)
def test_a_diagram_is_of_a_task_a_group_or_everything(scores, name, title):
    figure = vecbench.reliability_diagram(scores, name)
    assert isinstance(figure, Figure)
    assert figure.get_suptitle().startswith(title)


def test_without_a_name_it_is_of_everything(scores):
    assert vecbench.reliability_diagram(scores).get_suptitle().startswith("Overall")
    arrays = vecbench.score_confidences([0.9, 0.6], [True, False])
    assert vecbench.reliability_diagram(arrays).get_suptitle() == "All rows   n = 2, coverage 100 %"


def test_the_number_in_it_is_the_score(scores):
    metrics = scores.groups["id_ver"].pooled.metrics
    ece, null = (100 * metrics[key].value for key in ("ece", "ece_null"))
    figure = vecbench.reliability_diagram(scores, "id_ver")
    said = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert any(f"ECE {ece:.1f} (calibrated: {null:.1f})" in each for each in said)


def test_an_unknown_name_is_refused_with_the_nearest(scores):
    with pytest.raises(UsageError, match="no task or group 'fi_9'") as refused:
        vecbench.reliability_diagram(scores, "fi_9")
    assert "fi_8" in refused.value.remedy


def test_what_has_no_confidences_scored_has_no_diagram(path):
    with pytest.raises(UsageError, match="its confidences are not scored"):
        vecbench.reliability_diagram(vecbench.score(path, "emobserver"), "id_ver")


def test_a_notebook_shows_the_figure(scores):
    assert vecbench.reliability_diagram(scores)._repr_png_().startswith(b"\x89PNG")
