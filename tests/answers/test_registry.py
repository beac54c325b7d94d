from types import SimpleNamespace

import pytest

from vecbench.answers import AnswerKind, AnswerSpecification, kind_named, kind_of, registry
from vecbench.errors import UsageError

SPECIFICATIONS = {
    "label": AnswerSpecification("label", ("joy", "fear", "anger", "awe")),
    "choice": AnswerSpecification("choice", options={"options": ["Yes", "No"]}),
    "ranking": AnswerSpecification("ranking", ("joy", "fear", "anger", "awe")),
    "distribution": AnswerSpecification("distribution", ("joy", "fear", "anger", "awe")),
    "rating": AnswerSpecification("rating", options={"range": [1, 9], "tolerance": 0.5}),
}


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_every_kind_is_known_by_its_name_with_and_without_a_task_file(name):
    kind = kind_of(SPECIFICATIONS[name])
    assert isinstance(kind, kind_named(name))
    assert kind.name == kind_named(name)().name == name


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_metrics_have_keys_of_their_own_and_judging_kinds_have_those_of_confidences(name):
    kind = kind_of(SPECIFICATIONS[name])
    keys = [metric.key for metric in kind.metrics]
    assert len(set(keys)) == len(keys)
    assert kind.judges
    against = {"share_brier", "share_ece"} if kind.has_shares else {"brier", "ece", "auroc"}
    assert {"accuracy", "coverage", *against} <= set(keys)


def test_an_unknown_kind_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="unknown answer kind 'choise'"):
        kind_named("choise")


def test_an_installed_kind_that_leaves_something_out_is_refused_with_what(monkeypatch):
    class Half(AnswerKind):
        name = "half"
        metrics = ()

    installed = SimpleNamespace(name="half", load=lambda: Half)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [installed])
    registry.kinds.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"'half' lacks candidates, load, .*read_bare"):
            registry.kinds()
    finally:
        registry.kinds.cache_clear()
