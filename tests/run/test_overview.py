"""What is said before a run, of one task or of thirty."""

from dataclasses import replace

from fakes import make_data, make_plan

from vecbench.engines import Sampling
from vecbench.run.overview import overview
from vecbench.store import RunDirectory

LINE = "  Which emotion might this image evoke? Choose the most likely one from"


def lines(plan, detail="all", width=80):
    samples = {each.task.id: 3 for each in plan.tasks}
    return list(overview(plan, RunDirectory(plan.tasks[0].data.root / "run"), samples, detail, width))


def plan_of(tmp_path, **options):
    return make_plan(make_data(tmp_path, ["joy", "fear", "joy"]), **options)


def about(said, name):
    return next(line for line in said if line.startswith(name)).removeprefix(name).strip()


def with_prompt(plan, prompt):
    [each] = plan.tasks
    task = replace(each.task, prompts={**each.task.prompts, each.profile: prompt})
    return replace(plan, tasks=(replace(each, task=task),))


def named(plan, count, **changed):
    """The plan with its task so many times, the first one changed."""
    [each] = plan.tasks
    tasks = [replace(each, task=replace(each.task, id=f"task_{place}")) for place in range(count)]
    return replace(plan, tasks=(replace(tasks[0], **changed), *tasks[1:]))


def test_settings_and_the_first_prompt_are_said(tmp_path):
    said = lines(plan_of(tmp_path))
    assert about(said, "tasks") == "3 samples: emoji_7 3"
    assert about(said, "prompt") == "standard, which asks for no confidence"
    assert about(said, "sampling") == "greedy (temperature 0), at most 64 tokens"
    assert about(said, "first") == "emoji_7, 1 image and this prompt:"
    assert LINE in said


def test_a_prompt_that_asks_for_a_confidence_is_said_to(tmp_path):
    said = lines(plan_of(tmp_path, profile="verbalized"))
    assert about(said, "prompt") == "verbalized, which asks for a confidence"


def test_whatever_sampling_is_not_the_default_is_said(tmp_path):
    sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=8, stop=("\n\n", "</s>"))
    said = lines(plan_of(tmp_path, sampling=sampling, repeats=4, seed=5, limit=3), width=200)
    expected = "temperature 0.7, seed 5, top_p 0.9, stop '\\\\n\\\\n', '</s>', at most 8 tokens"
    assert about(said, "sampling") == expected.replace("\\\\", "\\")
    assert about(said, "tasks") == "3 samples (at most 3 a task), 4 answers to each: emoji_7 3"


def test_pixel_limits_and_other_settings_are_said(tmp_path):
    plan = plan_of(tmp_path, pixel_limits={"max_pixels": 99}, answer_settings={"tokenizer": "x"})
    assert about(lines(plan), "settings") == "max_pixels=99, tokenizer=x"


def test_thirty_tasks_say_once_what_they_have_in_common(tmp_path):
    plan = named(plan_of(tmp_path), 30)
    said = lines(plan)
    assert len(said) < 25
    paths = [said[0], next(line for line in said if line.startswith("data "))]  # are as long as they are
    assert max(len(line) for line in said if line not in paths) <= 80
    assert about(said, "sampling") == "greedy (temperature 0), at most 64 tokens"
    assert sum(line == LINE for line in said) == 1


def test_where_tasks_differ_it_is_said_which(tmp_path):
    other = Sampling(max_tokens=9)
    said = lines(named(plan_of(tmp_path), 2, sampling=other), width=200)
    assert about(said, "sampling") == (
        "task_0: greedy (temperature 0), at most 9 tokens; task_1: greedy (temperature 0), at most 64 tokens"
    )
    said = lines(named(plan_of(tmp_path), 9, sampling=other), width=200)
    assert "; 8 tasks: greedy" in about(said, "sampling")


def test_a_long_prompt_is_cut_in_its_middle_and_says_how_much_there_is(tmp_path):
    text = "\n".join(f"line {place} [31m" for place in range(40)).replace("[", "\x1b[")
    said = lines(with_prompt(plan_of(tmp_path), text))
    shown = said[said.index("first     emoji_7, 1 image and this prompt:") + 1 :]
    assert [line.split()[1] for line in shown] == ["0", "1", "2", "3", "33", "37", "38", "39"]
    assert shown[4] == f"  … 33 lines of {len(text)} characters …"
    assert "\x1b" not in "".join(said)


def test_a_demo_says_one_line_and_a_quiet_run_none(tmp_path):
    plan = plan_of(tmp_path)
    assert lines(plan, "little") == [f"fake on emoji_7 → {tmp_path / 'run'}"]
    assert lines(plan, "nothing") == []


def test_no_sample_that_can_be_asked_is_no_prompt_to_show(tmp_path):
    data = make_data(tmp_path, ["unheard-of"])
    assert not any(line.startswith("first") for line in lines(make_plan(data)))
