import pytest

from vecbench.errors import DataError, UsageError
from vecbench.tasks import load_catalogue
from vecbench.tasks.yaml_file import read_yaml

TASK = """\
task: vecbench_mine_2
output_type: generate_until
test_split: test
doc_to_text: "{{prompt}}"
doc_to_target: target
doc_to_image: image
process_results: !function mine.results
metric_list: [{metric: accuracy, aggregation: mean}]
generation_kwargs: {until: []}
metadata:
  version: 1.0
  vecbench:
    display: Mine-2
    group: mine
    noun: emotion
    labels: [joy, fear]
    prompts: {standard: "One of {{ labels }}?"}
"""
GROUP = "group: vecbench_mine\ntask: [vecbench_mine_2]\nmetadata: {version: 1.0, vecbench: {display: Mine}}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(TASK)
    (tmp_path / "mine.yaml").write_text(GROUP)
    return tmp_path


def faults(folder):
    return {(fault.key, fault.problem, fault.remedy) for fault in load_catalogue([folder]).faults}


def keys(folder):
    return {key for key, _, _ in faults(folder)}


def edit(folder, old, new, file="mine_2.yaml"):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_the_shipped_tasks_are_without_fault():
    catalogue = load_catalogue()
    assert catalogue.faults == ()
    assert [task.id for task in catalogue.select("demo")] == ["emoji_2", "emoji_7", "fluent_7"]
    known = {"demo", "mvei", "vecbench", "emotion6", "artemis", "eemo_bench", "emoset_attributes"}
    assert known <= {group.id for group in catalogue.benchmarks()}


def test_a_folder_of_ones_own_adds_its_tasks(folder):
    catalogue = load_catalogue([folder])
    assert catalogue.faults == ()
    task = catalogue.tasks["mine_2"]
    assert (task.labels, task.temperature, task.group) == (("joy", "fear"), 0.0, "mine")


def test_names_are_found_with_and_without_prefix_and_each_task_comes_once():
    chosen = load_catalogue().select("vecbench_emoji_7, demo_id_ver,demo")
    assert [task.id for task in chosen] == ["emoji_7", "emoji_2", "fluent_7"]


def test_an_unknown_name_gets_the_nearest_ones():
    with pytest.raises(UsageError, match="unknown task or group 'emoji_9'") as caught:
        load_catalogue().select("emoji_9")
    assert "emoji_7" in caught.value.remedy


def test_no_name_at_all_is_refused():
    with pytest.raises(UsageError, match="no task"):
        load_catalogue().select(" , ")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("output_type: generate_until", "output_type: loglikelihood", "output_type"),
        ("{until: []}", "{}", "generation_kwargs.until"),
        ("{until: []}", "{until: [], temperature: 0.7}", "generation_kwargs"),
        ("{until: []}", "{until: [], do_sample: true}", "generation_kwargs"),
        ("{until: []}", "{until: [], num_beams: 5}", "generation_kwargs.num_beams"),
        ("  version: 1.0\n", "", "metadata.version"),
        ("noun: emotion", "noun: []", "metadata.vecbench.noun"),
        ("labels: [joy, fear]", "labels: [joy]", "metadata.vecbench.labels"),
        ("labels: [joy, fear]", "labels: [joy, Joy.]", "metadata.vecbench.labels"),
        ("labels: [joy, fear]", "labels: [joy, '!']", "metadata.vecbench.labels"),
        (
            "labels: [joy, fear]",
            "labels: [joy, fear]\n    aliases: {awe: [wow]}",
            "metadata.vecbench.aliases",
        ),
        (
            "labels: [joy, fear]",
            "labels: [joy, fear]\n    aliases: {joy: [FEAR]}",
            "metadata.vecbench.aliases",
        ),
        ("labels: [joy, fear]", "lables: [joy, fear]", "metadata.vecbench.lables"),
        (
            '{standard: "One of {{ labels }}?"}',
            '{standard: "{{ labels "}',
            "metadata.vecbench.prompts.standard",
        ),
        ('{standard: "One of {{ labels }}?"}', "none.yaml", "metadata.vecbench.prompts"),
        ("standard:", "direct:", "metadata.vecbench.prompt"),
        ("group: mine", "group: mein", "metadata.vecbench.group"),
        (
            "labels: [joy, fear]",
            "labels: [joy, fear]\n    expected_n: [9, 3]",
            "metadata.vecbench.expected_n",
        ),
        (
            "labels: [joy, fear]",
            "labels: [joy, fear]\n    expected_n: true",
            "metadata.vecbench.expected_n",
        ),
        ("version: 1.0", "version: .nan", "metadata.version"),
        ("version: 1.0", "version: true", "metadata.version"),
        ("{until: []}", "{until: [], max_gen_toks: true}", "generation_kwargs.max_gen_toks"),
        ("!function mine.results", "!function vecbench.interop.lm_eval.process_results", "metric_list"),
        (
            "test_split: test",
            "test_split: test\ncustom_dataset: !function vecbench.interop.lm_eval.load",
            "dataset_kwargs.task",
        ),
        (
            "test_split: test",
            "test_split: test\ncustom_dataset: !function vecbench.interop.lm_eval.load\n"
            "dataset_kwargs: {task: mine_3}",
            "dataset_kwargs.task",
        ),
        ("labels: [joy, fear]", "labels: [joy, fear]\n    data: nowhere", "metadata.vecbench.data"),
        (
            "labels: [joy, fear]",
            "labels: [joy, fear]\n    parents: {good: [joy]}",
            "metadata.vecbench.parents",
        ),
        (
            "labels: [joy, fear]",
            "labels: [joy, fear]\n    parents: {good: [joy], bad: [fear, awe]}",
            "metadata.vecbench.parents",
        ),
        ("noun: emotion", "noun: emotion\n    prompt: auto", "metadata.vecbench.prompt"),
        ('{standard: "One', '{auto: "x", standard: "One', "metadata.vecbench.prompts.auto"),
        ("test_split: test", "test_spilt: test", "test_spilt"),
        ("[{metric: accuracy, aggregation: mean}]", "[{metric: accuracy}]", "metric_list.0"),
        ("task: vecbench_mine_2", "task: vecbench_mine_2\nnum_fewshot: 3", "num_fewshot"),
    ],
)
def test_a_fault_is_found_with_its_key(folder, old, new, key):
    edit(folder, old, new)
    assert key in keys(folder)
    found = next(each for each in faults(folder) if each[0] == key)
    assert found[1]


def test_every_fault_of_a_file_is_reported_at_once(folder):
    edit(folder, "noun: emotion", "noun: []")
    edit(folder, "test_split: test", "test_spilt: test")
    edit(folder, "{until: []}", "{}")
    assert {"metadata.vecbench.noun", "test_spilt", "test_split", "generation_kwargs.until"} <= keys(folder)


def test_a_misspelt_key_gets_the_nearest_one(folder):
    edit(folder, "labels: [joy, fear]", "lables: [joy, fear]")
    [(key, problem, remedy)] = faults(folder)
    assert (key, problem) == ("metadata.vecbench.lables", "unknown key")
    assert remedy.startswith("Did you mean labels or ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("task: [", "line 1, column 8"),
        ("task: a\ntask: b\n", "given twice"),
        ("- a list\n", "not a mapping"),
        ("include: none.yaml\ntask: x\n", "there is no file"),
        ("include: broken.yaml\ntask: x\n", "includes itself"),
        ("task: !!python/object/apply:os.system [echo]\n", "python/object"),
    ],
)
def test_a_broken_file_is_reported_and_runs_nothing(folder, text, problem):
    (folder / "broken.yaml").write_text(text)
    [fault] = load_catalogue([folder]).faults
    assert problem in fault.problem
    assert "broken.yaml" in str(fault.file)


def test_asking_for_a_task_whose_file_is_broken_says_what_is_wrong(folder):
    edit(folder, "noun: emotion", "noun: []")
    with pytest.raises(DataError, match=r"mine_2\.yaml: metadata\.vecbench\.noun"):
        load_catalogue([folder]).select("mine_2")


def test_a_group_must_list_its_tasks_and_know_its_members(folder):
    edit(folder, "[vecbench_mine_2]", "[vecbench_mine_3]", "mine.yaml")
    assert faults(folder) >= {
        ("task", "unknown task or group 'mine_3'", "Did you mean mine_2 or mine?"),
    }
    assert "metadata.vecbench.group" in keys(folder)


def test_a_group_must_not_contain_itself(folder):
    edit(folder, "[vecbench_mine_2]", "[vecbench_mine_2, vecbench_mine]", "mine.yaml")
    assert ("task", "the group mine contains itself", "Remove the circle.") in faults(folder)


def test_a_task_defined_twice_is_a_fault(folder):
    (folder / "again.yaml").write_text(TASK)
    assert "task" in keys(folder)


def test_includes_merge_shallowly_and_faults_name_the_file_they_come_from(folder):
    head, metadata = TASK.split("metadata:")
    (folder / "_base.yaml").write_text(
        head.replace("task: vecbench_mine_2\n", "").replace("{until: []}", "{}")
    )
    (folder / "mine_2.yaml").write_text("include: _base.yaml\ntask: vecbench_mine_2\nmetadata:" + metadata)
    [fault] = load_catalogue([folder]).faults
    assert (fault.file.name, fault.key) == ("_base.yaml", "generation_kwargs.until")


def test_the_hash_follows_the_meaning_and_not_the_spelling(folder):
    before = load_catalogue([folder]).tasks["mine_2"].sha256
    (folder / "mine_2.yaml").write_text("# a comment\n" + TASK)
    assert load_catalogue([folder]).tasks["mine_2"].sha256 == before
    edit(folder, "One of", "Which of")
    assert load_catalogue([folder]).tasks["mine_2"].sha256 != before


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        load_catalogue([tmp_path / "none"])


def test_a_file_that_is_named_must_define_something(folder):
    (folder / "_base.yaml").write_text("output_type: generate_until\n")
    assert load_catalogue([folder]).faults == ()
    [fault] = load_catalogue([folder, folder / "_base.yaml"]).faults
    assert (fault.file.name, fault.problem) == ("_base.yaml", "it defines no task and no group")


def test_merge_keys_may_meet_and_nest(tmp_path):
    (tmp_path / "merged.yaml").write_text(
        "plain: &a {metric: accuracy, aggregation: mean}\n"
        "deep: {deeper: &b {<<: *a, metric: coverage}}\n"
        "both: {<<: [*b, *a], aggregation: median}\n"
    )
    said = read_yaml(tmp_path / "merged.yaml").content
    assert said["deep"] == {"deeper": {"metric": "coverage", "aggregation": "mean"}}
    assert said["both"] == {"metric": "coverage", "aggregation": "median"}


def test_a_faulty_task_is_found_by_its_name_whatever_its_file_is_called(folder):
    edit(folder, "labels: [joy, fear]", "labels: [joy]")
    (folder / "mine_2.yaml").rename(folder / "another.yaml")
    with pytest.raises(DataError, match=r"another\.yaml"):
        load_catalogue([folder]).select("mine_2")
