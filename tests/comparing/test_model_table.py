"""Several models in one table: who is marked, where nobody is, and what every format makes of it."""

import csv
import html
import io
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console
from simulated_runs import CATALOGUE, response, simulated, write_run

from vecbench.comparing import model_formats, open_side
from vecbench.comparing.model_table import model_table
from vecbench.comparing.models import models_of
from vecbench.errors import DataError, UsageError

TASKS = {"emoji_2": 400, "emoji_7": 400}
NASTY = r"a_b & c% $x$ #1 {y} ~^\ | <i> *z* 模型"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """good, middle and poor are told apart by accuracy; twin is much like good."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, (name, right) in enumerate({"good": 0.9, "twin": 0.9, "middle": 0.7, "poor": 0.5}.items()):
        write_run(folder / name, simulated(TASKS, seed, right=right))
    write_run(folder / "few", simulated({"emoji_2": 20, "emoji_7": 400}, 9))
    write_run(folder / "half", simulated({"emoji_7": 400}, 9))
    write_run(folder / "one", [response("emoji_2", "s0", "positive", 0.9)])
    silent = [*simulated(TASKS, 3, right=0.95)]
    write_run(folder / "silent", [response(each.task, each.sample_id, "positive", None) for each in silent])
    return folder


def table_of(runs, *names, called=(), **options):
    sides = [open_side(runs / name, "strict", CATALOGUE) for name in names]
    models = models_of(sides, CATALOGUE, called or names, intervals=options.get("intervals", False))
    return model_table(models, CATALOGUE, **options)


def leads(table, metric):
    """Block → what each model is there."""
    found, place = {}, 0
    for block, shown in table.blocks:
        for column in shown:
            if column.key == metric:
                found[block.heading] = [line[place].lead for line in table.lines]
            place += 1
    return found


def printed(table):
    console = Console(width=80)
    with console.capture() as capture:
        console.print(model_formats.terminal_table(table))
    return capture.get()


def test_the_best_is_marked_and_the_second_where_both_its_neighbours_differ(runs):
    table = table_of(runs, "poor", "good", "middle")
    assert leads(table, "accuracy") == {
        "ID VSA": [None, "best", "second"],
        "ID VER": [None, "best", "second"],
    }
    assert "adjusted for 12 tests, Holm" in " ".join(printed(table).split())


def test_a_second_that_differs_from_one_neighbour_alone_is_not_marked(runs):
    for names in (("poor", "good", "twin"), ("good", "twin"), ("good", "poor", "twin", "middle")):
        table = table_of(runs, *names, tasks="demo_id_ver")
        [found] = leads(table, "accuracy").values()
        assert "second" not in found
        assert found.count("best") == 1
    # The second is told from the best, and not from the third.
    write_run(runs / "middle2", simulated(TASKS, 12, right=0.7))
    [found] = leads(table_of(runs, "good", "middle", "middle2", tasks="demo_id_ver"), "accuracy").values()
    assert found == ["best", None, None]


def test_lower_is_better_of_errors_and_the_two_directions_have_arrows(runs):
    table = table_of(runs, "poor", "good", tasks="demo_id_ver", metrics=("accuracy", "brier"))
    [accuracy], [brier] = leads(table, "accuracy").values(), leads(table, "brier").values()
    assert accuracy == brier == ["second", "best"]
    assert {"Acc ↑", "Brier ↓"} <= {*re.findall(r"\w+ [↑↓]", model_formats.markdown_table(table))}


def test_what_is_neither_better_high_nor_low_is_not_marked(runs):
    table = table_of(runs, "poor", "good", metrics=("accuracy", "confidence_gap", "share_at_one"))
    assert all(not any(found) for found in leads(table, "confidence_gap").values())
    assert leads(table, "confidence_gap")


def test_models_that_print_the_same_lead_together_and_nobody_is_second(runs):
    table = table_of(runs, "good", "good", "poor", called=("a", "b", "c"), tasks="demo_id_ver")
    assert leads(table, "accuracy") == {"ID VER": ["best", "best", None]}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("few", "Nobody leads in ID VSA: few has other samples of Emoji-2 than good."),
        ("half", "– half has no rows of ID VSA."),
    ],
)
def test_where_samples_differ_nobody_leads_and_it_is_told(runs, other, said):
    table = table_of(runs, "good", other)
    assert said in table.notes
    assert leads(table, "accuracy")["ID VER"][0] == "best"
    if other == "few":
        assert leads(table, "accuracy")["ID VSA"] == [None, None]


def test_a_group_of_which_a_model_lacks_a_task_has_no_leader(runs):
    table = table_of(runs, "good", "half", tasks="overall")
    assert "Nobody leads in Overall: half has no rows of Emoji-2." in table.notes
    assert table.tests is None


def test_another_target_makes_other_labels(runs, tmp_path):
    turned = [response("emoji_2", f"s{number}", "positive", 0.9, target="negative") for number in range(400)]
    write_run(tmp_path / "turned", turned)
    table = table_of(runs, "good", str(tmp_path / "turned"), called=("good", "turned"), tasks="emoji_2")
    assert "Nobody leads in Emoji-2: turned has other labels of Emoji-2 than good." in table.notes


def test_other_prompts_are_noted_and_compared(runs, tmp_path):
    asked = [
        response("emoji_2", f"s{number}", "positive", 0.9, prompt_sha256="0" * 64) for number in range(400)
    ]
    write_run(tmp_path / "asked", asked)
    table = table_of(runs, "poor", str(tmp_path / "asked"), called=("poor", "asked"), tasks="emoji_2")
    assert "asked was asked with other prompts of emoji_2 than poor." in table.notes
    assert "best" in leads(table, "accuracy")["Emoji-2"]


def test_values_of_rows_that_a_model_chose_do_not_lead(runs, tmp_path):
    rows = [
        response("emoji_7", f"s{number}", "joy", 0.3 if number % 4 else None, target="joy")
        for number in range(400)
    ]
    write_run(tmp_path / "choosy", rows)
    sided = [response("emoji_7", f"s{number}", "joy", 0.2, target="joy") for number in range(400)]
    write_run(tmp_path / "sided", sided)
    names = [str(tmp_path / name) for name in ("choosy", "sided")]
    table = table_of(runs, *names, called=("choosy", "sided"), tasks="emoji_7")
    assert leads(table, "brier") == {"Emoji-7": [None, None]}
    assert "Values with * do not lead" in printed(table)
    assert "‡" not in printed(table)


def test_a_model_without_confidences_says_why_there_is_no_value(runs):
    table = table_of(runs, "silent", "good", tasks="demo_id_ver")
    text = printed(table)
    assert re.search(r"silent +400 +\d+\.\d. +– +– *\n", text)
    assert [note for note in table.notes if note.startswith("– ")] == ["– no row has a confidence."]


def test_a_run_of_one_sample_is_a_table(runs):
    table = table_of(runs, "one", intervals=True)
    assert re.search(r"one +1 +100\.0", printed(table))
    assert table.tests is None
    assert "best of a column" not in printed(table)


def test_names_are_told_apart_and_given(runs):
    sides = [open_side(runs / name, "strict", CATALOGUE) for name in ("good", "good")]
    assert [model.name for model in models_of(sides, CATALOGUE)] == [f"{runs}/good", f"{runs}/good #2"]
    with pytest.raises(UsageError, match="2 runs and 1 names"):
        models_of(sides, CATALOGUE, ["a"])
    with pytest.raises(UsageError, match="two runs are named 'a'"):
        models_of(sides, CATALOGUE, ["a", "a"])


def test_predictions_are_taken_and_scores_alone_are_refused(runs, tmp_path):
    from vecbench.cli import main

    with pytest.raises(SystemExit):
        main(["score", str(runs / "good"), "-o", str(tmp_path), "--no-figures"])
    again = table_of(runs, str(tmp_path / "predictions.jsonl"), called=("again",))
    assert again.lines == table_of(runs, "good", called=("again",)).lines
    sides = [open_side(tmp_path / "scores.json", "strict", CATALOGUE)]
    with pytest.raises(DataError, match="scores without their rows"):
        models_of(sides, CATALOGUE)


def test_runs_of_two_tasks_have_their_columns_side_by_side(runs):
    table = table_of(runs, "one", "half")
    assert [block.heading for block, _ in table.blocks] == ["ID VSA", "ID VER"]
    assert {"– one has no rows of ID VER.", "– half has no rows of ID VSA."} <= {*table.notes}
    assert table.tests is None or table.tests == 0


@pytest.mark.parametrize(
    "options", [{}, {"intervals": True}, {"metrics": ("accuracy", "ece", "auroc", "aurc")}]
)
def test_the_text_fits_eighty_columns_and_cuts_no_word(runs, options):
    names = ("an_organisation/A-Model-With-A-Very-Long-Name-7B-Instruct", NASTY, "good")
    text = printed(table_of(runs, "good", "middle", "poor", called=names, **options))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    joined = "".join(line.split("  ")[0].strip() for line in text.splitlines())
    assert names[0] in joined


def test_every_format_has_the_same_values(runs):
    table = table_of(runs, "good", "middle", "poor", called=("good", NASTY, "poor"))
    values = [cell.value for line in table.lines for cell in line]
    latex = model_formats.latex_table(table)
    body = latex.partition(r"\midrule")[2].partition(r"\bottomrule")[0]
    assert re.findall(r"\d+\.\d", body) == values
    rows = model_formats.markdown_table(table).splitlines()[2:5]
    assert [value for row in rows for value in re.findall(r"\d+\.\d", row)] == values
    page = model_formats.html_fragment(table)
    assert re.findall(r"<td>(?:<\w+>)?(\d+\.\d)", page) == values
    lines = list(csv.DictReader(io.StringIO(model_formats.csv_table(table))))
    assert [f"{100 * float(line['value']):.1f}" for line in lines] == values
    assert [line["lead"] or None for line in lines] == [cell.lead for line in table.lines for cell in line]
    assert {line["model"] for line in lines} == {"good", NASTY, "poor"}


def test_the_marks_are_bold_and_underlined_in_every_format(runs):
    table = table_of(runs, "good", "middle", tasks="demo_id_ver", metrics=("accuracy",))
    [[best], [second]] = table.lines
    assert rf"\textbf{{{best.value}}}" in model_formats.latex_table(table)
    assert rf"\underline{{{second.value}}}" in model_formats.latex_table(table)
    assert f"**{best.value}**" in model_formats.markdown_table(table)
    assert f"<ins>{second.value}</ins>" in model_formats.markdown_table(table)
    assert f"<strong>{best.value}</strong>" in model_formats.html_fragment(table)
    assert f"<u>{second.value}</u>" in model_formats.html_fragment(table)
    assert f"{best.value}¹" in printed(table)
    assert f"{second.value}²" in printed(table)


def test_names_break_out_of_no_format(runs):
    table = table_of(runs, "good", "poor", called=(NASTY, "[x] 100%\n"), intervals=True)
    latex = model_formats.latex_table(table)
    assert r"a\_b \& c\% \$x\$ \#1 \{y\} \textasciitilde{}\textasciicircum{}\textbackslash{}" in latex
    assert "\n{}[x] 100\\%\\n & " in latex.replace("\\textbackslash{}n", "\\n")
    lines = [line for line in latex.splitlines() if line.endswith(r"\\")]
    columns = sum(len(shown) for _, shown in table.blocks)
    assert [len(re.findall(r"(?<!\\)&", line)) for line in lines[1:]] == [columns] * (len(lines) - 1)
    for brace, other in ("{}",):
        assert len(re.findall(rf"(?<!\\)\{brace}", latex)) == len(re.findall(rf"(?<!\\)\{other}", latex))
    page = model_formats.html_fragment(table)
    assert "<i>" not in page
    assert html.escape(NASTY) in page
    assert r"\| &lt;i&gt; \*z\*" in model_formats.markdown_table(table)


def test_notes_below_a_table_begin_a_line_of_their_own_in_latex(runs):
    r"""A note that begins with * behind `\\` would be its star."""
    rows = [
        response("emoji_2", f"s{number}", "positive", 0.9 if number % 2 else None) for number in range(40)
    ]
    write_run(runs / "halfstated", rows)
    text = model_formats.latex_table(table_of(runs, "halfstated"))
    assert "\n* over the rows that state a confidence only" in text
    assert r"\par" in text


def test_an_unknown_task_or_one_without_rows_is_refused(runs):
    with pytest.raises(UsageError, match="unknown task or group 'demo_id_vr'") as raised:
        table_of(runs, "good", tasks="demo_id_vr")
    assert "demo_id_ver" in raised.value.remedy
    with pytest.raises(UsageError, match="no run has rows of fi_8"):
        table_of(runs, "good", tasks="fi_8")
    with pytest.raises(UsageError, match="none of the metrics is there"):
        table_of(runs, "good", metrics=("spearman",))


def test_a_benchmark_stands_for_its_groups(runs):
    table = table_of(runs, "good", tasks="demo")
    assert [block.heading for block, _ in table.blocks] == ["ID VSA", "ID VER"]


def test_an_unfinished_run_is_told(runs):
    manifest = SimpleNamespace(
        model=SimpleNamespace(name="mine"),
        title="mine",
        responses=lambda: {"emoji_2": 400, "emoji_7": 500},
        limited=lambda: {"emoji_2": 400},
        status="stopped",
        tasks={},
    )
    side = replace(open_side(runs / "good", "strict", CATALOGUE), manifest=manifest)
    other = open_side(runs / "poor", "strict", CATALOGUE)
    notes = model_table(models_of([side, other], CATALOGUE), CATALOGUE).notes
    assert "mine: Incomplete: 800 of 900 responses are there (stopped)." in notes
    assert "mine: Limited to the first samples of tasks: 400 of Emoji-2." in notes
