"""A comparison in LaTeX, and comparisons and scores as a notebook shows them."""

import re
import subprocess
import sys

import pytest
from rich.console import Console
from simulated_runs import CATALOGUE, simulated, write_run

import vecbench
from vecbench.comparing import both_sides, compare
from vecbench.comparing.print_tables import html_fragment, latex_table
from vecbench.comparing.tables import difference_table

TASKS = {"emoji_2": 200, "emoji_7": 200}
NASTY = "a_b & c% <i>"
NUMBER = r"[−+]?\d+\.\d"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    paths = [
        write_run(folder / name, simulated(TASKS, seed, right=right))
        for seed, (name, right) in enumerate({"old": 0.8, NASTY: 0.6}.items())
    ]
    return compare(*both_sides(paths, None, CATALOGUE), CATALOGUE, replicates=500)


def numbers_of_the_terminal(comparison):
    """Values and changes, then intervals, line by line."""
    console = Console(width=80)
    with console.capture() as capture:
        console.print(difference_table(comparison))
    return re.findall(NUMBER, capture.get().partition("Brier")[2])


def test_latex_has_the_numbers_of_the_terminal(comparison):
    body = latex_table(comparison).partition(r"\midrule")[2].partition(r"\bottomrule")[0]
    numbers = re.findall(NUMBER, body.replace("$-$", "−"))
    assert numbers == numbers_of_the_terminal(comparison)
    assert "*" in body


def test_latex_escapes_names_and_has_as_many_cells_in_each_line(comparison):
    text = latex_table(comparison)
    assert r"a\_b \& c\% \textless{}i\textgreater{}, against" in text
    lines = [line for line in text.partition(r"\midrule")[2].splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {4}
    assert "adjusted for their number (Holm)" in text


def test_a_notebook_shows_the_same_numbers_escaped(comparison):
    page = comparison._repr_html_()
    assert page == html_fragment(comparison)
    cells = re.findall(r"<td>(.*?)</td>", page)
    shown = [re.findall(NUMBER, cell) for cell in cells]
    latex = latex_table(comparison).replace("$-$", "−")
    rows = [line.split(" & ")[1:] for line in latex.splitlines() if line.startswith(("Emoji", "Overall"))]
    assert [found[:2] for found in shown if found] == [
        re.findall(NUMBER, cell) for row in rows for cell in row
    ]
    assert "<i>" not in page
    assert "a_b &amp; c% &lt;i&gt;" in page
    assert not re.search(r"https?:|src=|<script|<link", page)


def test_two_runs_of_one_model_are_told_apart(comparison):
    from dataclasses import replace

    same = replace(comparison, candidate=comparison.baseline)
    assert f"{comparison.baseline.path} #2, against {comparison.baseline.path}" in html_fragment(same)


def test_scores_are_shown_with_the_values_of_the_markdown_table(tmp_path):
    from vecbench.report.tables import markdown_table

    scores = vecbench.score(write_run(tmp_path / "run", simulated(TASKS, 0)), by="answer")
    page = scores._repr_html_()
    values = re.findall(r"<td>(-?[\d,.]+)</td>", page)
    table = markdown_table(scores).partition("\n\n")[0]
    rows = [line.split(" | ")[1:] for line in table.splitlines()[2:]]
    assert values == [cell.strip(" |") for row in rows for cell in row if cell.strip(" |") not in {"", "–"}]
    assert "Protocol strict; all values × 100." in page


def test_scores_of_arrays_are_a_line_of_all_rows():
    scores = vecbench.score_confidences([0.9, 0.8, None], [True, False, True])
    assert "all rows</th><td>3</td><td>66.7</td>" in scores._repr_html_()


def test_a_run_shows_its_facts_escaped(tmp_path):
    run = vecbench.load_run(write_run(tmp_path / "<i>run", simulated({"emoji_2": 3}, 0)))
    assert "&lt;i&gt;run" in run._repr_html_()
    assert "<i>" not in run._repr_html_()


def test_a_notebook_needs_no_pandas():
    program = (
        "import sys, vecbench; vecbench.score_confidences([0.9, 0.8], [True, False])._repr_html_();"
        "print(*[name for name in ('pandas', 'matplotlib', 'typer', 'IPython') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
