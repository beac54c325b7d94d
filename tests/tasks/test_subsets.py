"""Subsets, headlines, exclusions and scales in task files."""

import pytest

from vecbench.tasks import load_catalogue
from vecbench.tasks.task import Headline

SHORT = """\
task: mine_2
metadata:
  version: 1.0
  vecbench:
    labels: [joy, fear]
    prompts: {{standard: "{{{{ labels }}}}?", direct: "{{{{ labels }}}}!"}}
    {line}
"""
GROUP = "group: mine\ntask: [mine_2, emoji_7]\nmetadata: {{version: 1.0, vecbench: {{{said}}}}}\n"


def catalogue(folder, *lines, group=None):
    (folder / "mine_2.yaml").write_text(SHORT.format(line="\n    ".join(lines)))
    if group is not None:
        (folder / "mine.yaml").write_text(GROUP.format(said=group))
    return load_catalogue([folder])


def task(folder, *lines):
    found = catalogue(folder, *lines)
    assert found.faults == ()
    return found.tasks["mine_2"]


def test_subsets_are_columns_in_their_order(tmp_path):
    mine = task(tmp_path, "subsets: [question_type, gender]")
    assert (mine.subsets, mine.headline) == (("question_type", "gender"), None)


@pytest.mark.parametrize(
    ("said", "headline"),
    [
        ("pooled", Headline("pooled")),
        ("macro", Headline("macro")),
        ("{mean_of: [Yes-or-No, What/How]}", Headline("mean_of", ("Yes-or-No", "What/How"))),
        ("{mean_of: [1, '2']}", Headline("mean_of", ("1", "2"))),
    ],
)
def test_a_headline_is_made_of_subsets(tmp_path, said, headline):
    assert task(tmp_path, "subsets: [question_type]", f"headline: {said}").headline == headline


def test_a_task_without_subsets_is_pooled_whether_it_says_so_or_not(tmp_path):
    assert task(tmp_path, "headline: pooled").headline == Headline("pooled")


def test_excluded_samples_are_named_as_the_data_does_and_have_a_reason(tmp_path):
    mine = task(tmp_path, "exclude: {ids: [s1, 7, '007'], because: the image is broken}")
    assert mine.excluded == {"s1", "7", "007"}
    assert mine.excluded_because == "the image is broken"


def test_without_a_word_nothing_is_excluded_and_a_confidence_is_a_share(tmp_path):
    mine = task(tmp_path)
    assert (mine.excluded, mine.excluded_because) == (frozenset(), "")
    assert {name: form.scale for name, form in mine.forms.items()} == {"standard": None, "direct": None}


@pytest.mark.parametrize(
    ("said", "standard", "direct"),
    [("percent", "percent", "percent"), ("{direct: ten}", None, "ten"), ("unit", "unit", "unit")],
)
def test_the_scale_is_that_of_a_prompt_profile(tmp_path, said, standard, direct):
    forms = task(tmp_path, f"scale: {said}").forms
    assert {name: form.scale for name, form in forms.items()} == {"standard": standard, "direct": direct}


@pytest.mark.parametrize(
    ("lines", "key", "problem"),
    [
        (["subsets: question_type"], "subsets", "not a list"),
        (["subsets: [a, a]"], "subsets", "'a' is listed twice"),
        (["subsets: [[a]]"], "subsets.0", "not a text"),
        (["headline: macro"], "headline", "macro is a mean over subsets, and the task has none"),
        (["headline: {mean_of: [a]}"], "headline", "mean_of is a mean over subsets, and the task has none"),
        (["headline: best"], "headline", "'best' is neither pooled, macro nor {mean_of: [VALUE, …]}"),
        (["headline: [a]"], "headline", "['a'] is neither pooled, macro nor {mean_of: [VALUE, …]}"),
        (["headline: {mean_of: [a], of: b}"], "headline", "is neither pooled"),
        (["headline: {mean_of: a}"], "headline", "mean_of: 'a' is no list of values"),
        (["headline: {mean_of: []}"], "headline", "mean_of: [] is no list of values"),
        (["headline: {mean_of: [[a]]}"], "headline", "mean_of: [['a']] is no list of texts"),
        (["headline: {mean_of: [a, a]}"], "headline", "'a' is listed twice"),
        (["headline: {mean_of: [yes]}"], "headline", "true is no text: put it into quotes"),
        (["exclude: {ids: [s1]}"], "exclude.because", "missing"),
        (["exclude: {ids: [s1], because: ''}"], "exclude.because", "empty"),
        (["exclude: {because: broken}"], "exclude.ids", "missing"),
        (["exclude: {ids: [], because: broken}"], "exclude.ids", "empty"),
        (["exclude: {ids: [s1, s1], because: broken}"], "exclude.ids", "'s1' is listed twice"),
        (["exclude: {ids: [[s1]], because: broken}"], "exclude.ids.0", "not a text"),
        (
            ["exclude: {ids: [1.10], because: broken}"],
            "exclude.ids.0",
            "1.1 may be spelt otherwise in the data",
        ),
        (["exclude: {ids: [no], because: broken}"], "exclude.ids.0", "false is no text: put it into quotes"),
        (["exclude: [s1]"], "exclude", "not a mapping of keys to values"),
        (["exclude: {ids: [s1], because: broken, why: x}"], "exclude.why", "unknown key"),
        (["scale: share"], "scale", "'share' is no scale of a confidence: unit, percent or ten"),
        (["scale: {direct: 100}"], "scale", "100 is no scale of a confidence"),
        (["scale: {dierct: ten}"], "scale.dierct", "there is no prompt profile 'dierct'"),
    ],
)
def test_a_fault_is_one_line_with_its_key(tmp_path, lines, key, problem):
    [found] = catalogue(tmp_path, *lines).faults
    assert found.file == tmp_path / "mine_2.yaml"
    assert found.key == f"metadata.vecbench.{key}"
    assert problem in found.problem


def test_the_prompts_of_the_answer_kind_ask_for_a_share(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(
        "task: mine_2\nmetadata: {version: 1.0, vecbench: {labels: [joy, fear], scale: percent}}\n"
    )
    [found] = load_catalogue([tmp_path]).faults
    assert found.key == "metadata.vecbench.scale"
    assert "ask for a confidence from 0 to 1" in found.problem


@pytest.mark.parametrize("headline", ["macro", "pooled", "{mean_of: [a, b]}"])
def test_a_group_has_a_headline_too(tmp_path, headline):
    found = catalogue(tmp_path, "subsets: [question_type]", group=f"headline: {headline}")
    assert found.faults == ()
    assert found.groups["mine"].headline.how == headline.strip("{").partition(":")[0]
    assert found.groups["mine"].display == "mine"


def test_a_group_of_groups_finds_the_subsets_of_its_tasks(tmp_path):
    (tmp_path / "all.yaml").write_text(
        "group: all_of_them\ntask: [mine]\nmetadata: {version: 1.0, vecbench: {headline: {mean_of: [a]}}}\n"
    )
    assert catalogue(tmp_path, "subsets: [question_type]", group="display: Mine").faults == ()
    [found] = catalogue(tmp_path, group="display: Mine").faults
    assert (found.file.name, found.problem) == ("all.yaml", "none of its tasks has subsets")


def test_a_mean_of_subsets_needs_a_task_that_has_some(tmp_path):
    [found] = catalogue(tmp_path, group="headline: {mean_of: [a]}").faults
    assert (found.file.name, found.key) == ("mine.yaml", "metadata.vecbench.headline")
    assert found.problem == "none of its tasks has subsets"


def test_a_task_may_have_no_group_and_a_group_may_list_it_all_the_same(tmp_path):
    assert task(tmp_path).group is None
    found = catalogue(tmp_path, group="display: Mine")
    assert found.faults == ()
    assert [each.id for each in found.select("mine")] == ["mine_2", "emoji_7"]


def test_a_group_that_a_task_names_has_to_be_there(tmp_path):
    [found] = catalogue(tmp_path, "group: mein").faults
    assert (found.key, found.problem) == ("metadata.vecbench.group", "unknown group 'mein'")
