"""What was not read stands below the scores, with an example and what to do about it."""

from rich.console import Console
from simulated_runs import CATALOGUE, response

from vecbench.report.reading import reading_line, reading_markdown, reading_table
from vecbench.report.tables import markdown_table
from vecbench.scoring import STRICT, ReadingHealth, score_responses


def health_of(rows):
    return score_responses(rows, STRICT, CATALOGUE).reading


def terminal(health):
    console = Console(width=80)
    with console.capture() as shown:
        console.print(reading_table(health))
    return shown.get()


GOOD = [response("fi_2", f"s{place}", "positive", 0.9) for place in range(5)]


def test_where_all_was_read_one_line_says_so():
    assert reading_line(health_of(GOOD)) == "Read: all 5 answers, all 5 confidences."
    assert terminal(health_of(GOOD)).split() == reading_line(health_of(GOOD)).split()
    assert reading_markdown(health_of(GOOD)) == "Read: all 5 answers, all 5 confidences.\n"


def test_without_any_confidence_none_is_missed():
    health = health_of([response("fi_2", "a", "positive", None)])
    assert terminal(health).strip() == "Read: all 1 answers, no confidence is stated."


def test_every_reason_has_an_example_and_a_remedy():
    rows = [*GOOD, response("fi_2", "cut", None, None, response="<answer>posi", finish_reason="length")]
    rows.append(
        response("fi_2", "odd|[x](y)", None, 2, response="<b>\u202eodd|</b><confidence>2</confidence>")
    )
    health = health_of(rows)
    shown = terminal(health)
    assert "Read: 5 of 7 answers, 5 of 7 confidences." in shown
    assert "answer: cut off" in shown
    assert "fi_2 cut: “<answer>posi”" in shown
    assert "max_gen_toks" in shown
    assert "\u202e" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    text = reading_markdown(health)
    assert "<b>" not in text
    assert "[x](y)" not in text
    assert "| answer: no answer | 1 |" in text
    assert "| confidence: off the scale | 1 |" in text


def test_scores_of_confidences_are_marked_where_answers_are_not_read():
    def table(unread):
        rows = [response("fi_2", f"u{place}", None, 0.5) for place in range(unread)]
        rows += [response("fi_2", f"s{place}", "positive", 0.9) for place in range(100 - unread)]
        return markdown_table(score_responses(rows, STRICT, CATALOGUE).scores)

    assert "‡" not in table(20)
    text = table(21)
    line = next(line for line in text.splitlines() if line.startswith("| FI-2"))
    assert line.count("‡") == 5  # ECE, Brier, AUROC, gap, skill
    assert "‡ No answer can be read in 21 of 100 rows (no answer 21)." in text


def test_nothing_read_of_nothing_is_no_problem():
    assert reading_line(ReadingHealth.of([], {})) == "Read: all 0 answers."
