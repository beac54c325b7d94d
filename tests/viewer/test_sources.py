"""A report of a run with several sources of confidence shows them: tables, diagrams, values of a sample."""

import pytest
from simulated_runs import repeated, simulated, stated, with_token, write_run
from viewer.written import Blocks

from vecbench.viewer.report import report_of


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rows = simulated({"emoji_2": 60, "emoji_7": 30}, 0)
    rows = with_token(rows, lambda row: None if row.sample_id == "s1" else round(1 - stated(row), 3))
    return Blocks(report_of(write_run(folder / "run", rows), None, folder / "report", images=False).path)


def test_each_sample_has_its_confidence_of_every_source(page):
    confidence = page.rows["runs"][0]["confidence"]
    assert list(confidence) == ["stated", "token"]
    assert confidence["token"][1] is None
    assert confidence["token"][0] == pytest.approx(1 - confidence["stated"][0])


def test_the_overview_has_a_table_of_each_scope_and_what_sources_differ_in(page):
    first, *_, last = page.report["runs"][0]["overview"]["sources"]
    assert [name for name, _ in first["rows"]] == ["stated", "token", "token − stated"]
    assert {len(cells) for _, cells in first["rows"]} == {len(first["columns"])}
    assert first["columns"][-1]["heading"] == "Ranks"
    (_, scored), _, (_, differing) = first["rows"]
    assert scored[0] == {"text": "100.0", "mark": "", "low": "94.0", "high": "100.0"}
    assert differing[-1]["text"].startswith("−")
    assert any(note.startswith("* more") or "* more" in note for note in last["notes"])


def test_each_source_has_its_diagrams(page):
    drawn = page.report["runs"][0]["overview"]["reliability"]
    of = {(each["name"], each["source"]): each["n"] for each in drawn}
    assert {source for _, source in of} == {"stated", "token"}
    assert all(
        of[name, "token"] == n - 1 for (name, source), n in of.items() if source == "stated" and n < 90
    )


def test_agreement_is_the_share_of_repeats_that_give_the_answer(tmp_path):
    rows = [row for repeat in range(3) for row in repeated(simulated({"emoji_2": 30}, repeat), repeat)]
    path = report_of(write_run(tmp_path / "run", rows), None, tmp_path / "report", images=False).path
    found = Blocks(path)
    shares, answers = found.rows["runs"][0]["confidence"]["agreement"], found.column("answer")
    by_sample = {}
    for name, answer in zip(found.rows["id"], answers, strict=True):
        by_sample.setdefault(name, []).append(answer)
    expected = [
        by_sample[name].count(answer) / 3 for name, answer in zip(found.rows["id"], answers, strict=True)
    ]
    assert shares == pytest.approx(expected)


def test_a_report_of_stated_confidences_alone_has_no_such_table(tmp_path):
    run = write_run(tmp_path / "run", simulated({"emoji_2": 10}, 0))
    found = Blocks(report_of(run, None, tmp_path / "report", images=False).path)
    assert found.report["runs"][0]["overview"]["sources"] == []
