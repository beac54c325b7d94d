import json
import re

import pytest
from miniature import FORMATS, emobserver, folder, hub

from vecbench.errors import DataError, ImageError
from vecbench.samples import open_data
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_profile


@pytest.fixture(scope="module")
def tasks():
    return load_catalogue().tasks


@pytest.fixture
def task(tasks):
    return tasks["unbiasedemo_6"]


def emocaliber_line(image="a.png", label="joy", task="UnbiasedEmo-6", **changes):
    parts = [{"type": "image", "image": image}, {"type": "text", "text": "Which emotion?"}]
    line = {
        "conversations": [{"role": "user", "content": parts}],
        "task": task,
        "ground_truth": label,
        "candidates": ["anger", "fear", "joy", "love", "sadness", "surprise"],
    }
    return {name: value for name, value in (line | changes).items() if value is not None}


def emobserver_record(image="a.png", label="joy", task="UnbiasedEmo-6", **changes):
    record = {
        "image_path": image,
        "prompt": "Which emotion?",
        "ground_truth": label,
        "other_info": {
            "candidates": ["anger", "fear", "joy", "love", "sadness", "surprise"],
            "task": task,
        },
    }
    return {name: value for name, value in (record | changes).items() if value is not None}


def jsonl(root, *lines, name="test_8k.jsonl"):
    (root / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return open_data(root / name)


@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_give_the_same_samples(tmp_path, tasks, name):
    plain, source = open_data(folder(tmp_path / "plain")), open_data(FORMATS[name](tmp_path / "data"))
    assert source.format.name == name
    for task in load_catalogue().select("vecbench"):
        ours, theirs = list(plain.samples(task)), list(source.samples(task))
        assert len(ours) == len(theirs) > 1
        for one, other in zip(ours, theirs, strict=True):
            assert (other.target, other.candidates, other.fault) == (one.target, one.candidates, None)
            assert other.image_bytes() == one.image_bytes()


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("EmoCaliber JSONL", "dataset"),
        ("EmObserver JSON", "dataset"),
        ("metadata CSV", "standard"),
        ("CSV", "standard"),
    ],
)
def test_the_automatic_profile_is_the_rows_own_prompt_where_the_format_brings_one(
    tmp_path, task, name, profile
):
    source = open_data(FORMATS[name](tmp_path))
    own = source.brings_prompts(task)
    assert prompt_profile(task, None, own_prompts=own) == profile
    assert all((sample.prompt is not None) == own for sample in source.samples(task))


@pytest.mark.parametrize("bare", [0, 1])
def test_one_row_with_a_prompt_makes_the_automatic_profile_the_rows_own(tmp_path, task, bare):
    image = {"role": "user", "content": [{"type": "image", "image": "b.png"}]}
    lines = [emocaliber_line(), emocaliber_line(conversations=[image])]
    source = jsonl(tmp_path, *(lines if bare else reversed(lines)))
    assert source.brings_prompts(task)
    assert [sample.prompt is None for sample in source.samples(task)].index(True) == bare


def test_the_format_is_told_by_the_content_and_not_by_the_name(tmp_path, task):
    (tmp_path / "anything.txt").write_text(json.dumps({"1": emobserver_record()}))
    (tmp_path / "other.txt").write_text(json.dumps(emocaliber_line()) + "\n")
    (tmp_path / "third.txt").write_text("split,task,label,image_path\ntest,UnbiasedEmo-6,joy,a.png\n")
    for table, name in (
        ("anything.txt", "EmObserver JSON"),
        ("other.txt", "EmoCaliber JSONL"),
        ("third.txt", "metadata CSV"),
    ):
        source = open_data(tmp_path / table)
        assert source.format.name == name
        assert [sample.target for sample in source.samples(task)] == ["joy"]


def test_only_the_test_split_is_read(tmp_path, tasks):
    source = open_data(hub(tmp_path))
    assert "train" in source.table.read_text()
    assert not [sample for sample in source.samples(tasks["fi_8"]) if "train" in sample.image]


def test_a_split_is_told_whatever_its_case_and_the_others_are_counted(tmp_path, task):
    rows = ["a.png,joy,UnbiasedEmo-6,Test", "b.png,joy,UnbiasedEmo-6,test ", "c.png,joy,UnbiasedEmo-6,val"]
    (tmp_path / "test.csv").write_text("\n".join([HEADER, *rows]))
    source = open_data(tmp_path)
    assert [sample.image for sample in source.samples(task)] == ["a.png", "b.png"]
    assert source.left_out() == {"val": 1}


def test_a_number_of_thousands_of_digits_beside_a_record_does_no_harm(tmp_path, task):
    text = json.dumps({"1": emobserver_record(extra=0)}).replace('"extra": 0', '"extra": ' + "9" * 5000)
    (tmp_path / "a.json").write_text(text)
    assert [sample.target for sample in open_data(tmp_path).samples(task)] == ["joy"]


def test_a_published_table_is_found_from_every_folder_of_its_layout(tmp_path, task):
    emobserver(tmp_path)
    places = [".", "benchmarks", "benchmarks/VECBench", "benchmarks/VECBench/Std-VECBench.json"]
    for place in places:
        samples = list(open_data(tmp_path / place).samples(task))
        assert samples
        assert all(sample.image_bytes() for sample in samples), place
    hub(tmp_path / "other")
    for place in (".", "VECBench", "VECBench/test_metadata.csv"):
        assert all(sample.image_bytes() for sample in open_data(tmp_path / "other" / place).samples(task))


def test_candidates_keep_the_order_of_the_row_and_the_spelling_of_the_task(tmp_path, task):
    candidates = ["Surprise", "sadness", "love", "joy", "fear", "anger"]
    [sample] = jsonl(tmp_path, emocaliber_line(label="JOY", candidates=candidates)).samples(task)
    assert sample.candidates == ("surprise", "sadness", "love", "joy", "fear", "anger")
    assert sample.target == "joy"


def test_other_candidates_than_the_tasks_are_refused_with_both_and_the_line(tmp_path, task):
    source = jsonl(tmp_path, emocaliber_line(), emocaliber_line("b.png", candidates=["joy", "awe"]))
    with pytest.raises(DataError) as caught:
        list(source.samples(task))
    assert "test_8k.jsonl, line 2: the candidates are joy, awe" in caught.value.message
    assert "unbiasedemo_6 has anger, fear, joy" in caught.value.message
    assert "unbiasedemo_6.yaml" in caught.value.remedy


def test_rows_without_candidates_and_prompt_take_the_tasks(tmp_path, task):
    [sample] = jsonl(tmp_path, emocaliber_line(candidates=None)).samples(task)
    assert sample.candidates == task.labels
    record = emobserver_record(prompt=None, other_info={"task": "UnbaisedEmo-6"})
    (tmp_path / "data.json").write_text(json.dumps({"1": record}))
    source = open_data(tmp_path / "data.json")
    assert [sample.candidates for sample in source.samples(task)] == [task.labels]
    assert not source.brings_prompts(task)


def test_an_image_that_a_published_table_lists_twice_is_two_samples(tmp_path, task):
    source = jsonl(tmp_path, emocaliber_line(), emocaliber_line(label="love"))
    assert [sample.id for sample in source.samples(task)] == ["a.png", "a.png#2"]


def test_a_task_that_a_table_spells_in_several_ways_is_one_task(tmp_path, task):
    lines = [emocaliber_line(task=name) for name in ("UnbiasedEmo-6", "unbiasedemo_6", "UnbaisedEmo-6")]
    source = jsonl(tmp_path, *lines, emocaliber_line("b.png"))
    assert [sample.id for sample in source.samples(task)] == ["a.png", "a.png#2", "a.png#3", "b.png"]


def test_several_images_or_none_are_a_fault_of_their_sample_alone(tmp_path, task):
    records = {
        "1": emobserver_record(["a.png", "b.png"]),
        "2": emobserver_record([]),
        "3": emobserver_record(["a.png"]),
    }
    text = json.dumps(records, indent=1)
    (tmp_path / "Std-VECBench.json").write_text(text)
    second = 1 + text[: text.index('"2": {')].count("\n")
    faults = [sample.fault for sample in open_data(tmp_path).samples(task)]
    assert faults == [
        "Std-VECBench.json, line 2: 2 images are named",
        f"Std-VECBench.json, line {second}: no image is named",
        None,
    ]


def test_an_absolute_path_of_another_machine_is_looked_for_below_the_root(tmp_path, task):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"ours")
    [sample] = jsonl(tmp_path, emocaliber_line("/home/author/VECBench/images/a.png")).samples(task)
    assert (sample.image, sample.image_bytes()) == ("images/a.png", b"ours")


@pytest.mark.parametrize("climbing", [False, True])
def test_an_image_elsewhere_on_this_machine_does_not_hide_the_one_below_the_root(tmp_path, task, climbing):
    for root in (tmp_path / "published" / "VECBench", tmp_path / "copy" / "VECBench"):
        root.mkdir(parents=True)
        (root / "a.png").write_bytes(root.parent.name.encode())
    elsewhere = tmp_path / "published" / "VECBench" / "a.png"
    named = f"{tmp_path}/copy/../published/VECBench/a.png" if climbing else str(elsewhere)
    [sample] = jsonl(tmp_path / "copy", emocaliber_line(named)).samples(task)
    assert (sample.image, sample.image_bytes()) == ("VECBench/a.png", b"copy")
    [sample] = jsonl(tmp_path / "published", emocaliber_line(named)).samples(task)
    assert sample.image_bytes() == b"published"


def write_outside(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "VECBench").mkdir()
    absolute = str(tmp_path / "secret.png")
    climbing = ["../secret.png", "../benchmarks/../../secret.png", "/x/VECBench/../../secret.png"]
    return root, [absolute, "link.png", *climbing]


@pytest.mark.parametrize("kind", ["EmoCaliber JSONL", "EmObserver JSON", "metadata CSV", "CSV"])
def test_no_image_is_read_from_outside_the_root(tmp_path, task, kind):
    root, images = write_outside(tmp_path)
    if kind == "EmoCaliber JSONL":
        jsonl(root, *(emocaliber_line(image) for image in [*images, f"file://{images[0]}"]))
    elif kind == "EmObserver JSON":
        records = {str(place): emobserver_record(image) for place, image in enumerate(images)}
        (root / "Std-VECBench.json").write_text(json.dumps(records))
    else:
        header = "image_path,label,task,split" if kind == "metadata CSV" else "image,label,task,group"
        rows = [f"{image},joy,UnbiasedEmo-6,test" for image in images]
        (root / "test.csv").write_text("\n".join([header, *rows]))
    source = open_data(root)
    assert source.format.name == kind
    samples = list(source.samples(task))
    assert len(samples) >= len(images)
    for sample in samples:
        with pytest.raises(ImageError, match=r"leads out of the data folder|no such file"):
            sample.image_bytes()


LINE = json.dumps(emocaliber_line())
HEADER = "image_path,label,task,split"
RECORD = json.dumps(emobserver_record())
DEEP = '{"1": ' + RECORD[:-1] + ', "extra": ' + "[" * 800 + "]" * 800 + "}}"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", LINE + '\n{"conversations"', "line 2: not valid JSON"),
        ("a.jsonl", json.dumps(emocaliber_line(task=None)), "line 1: there is no key 'task'"),
        ("a.jsonl", LINE + '\n\n{"task": "x"}', "line 3: there is no key 'conversations'"),
        ("a.jsonl", json.dumps(emocaliber_line(ground_truth=None)), "line 1: there is no key 'ground_truth'"),
        ("a.jsonl", json.dumps(emocaliber_line(ground_truth=3)), "line 1: 'ground_truth' is not a text"),
        ("a.jsonl", json.dumps(emocaliber_line(candidates="joy")), "'candidates' is not a list of texts"),
        (
            "a.jsonl",
            json.dumps(emocaliber_line(conversations=[{"role": "user"}, {"role": "assistant"}])),
            "one turn of the user; found: user, assistant",
        ),
        ("a.json", '{"1": ' + RECORD + ',\n "2": {', "line 2: not valid JSON"),
        ("a.json", f'{{"1": {RECORD},\n\n"1": {RECORD}}}', "line 3: the sample id '1' is given twice"),
        ("a.json", f'{{"1": {RECORD},\n"2": {{"image_path": "a.png"}}}}', "line 2: sample '2': there is no"),
        (
            "a.json",
            json.dumps({"7": emobserver_record(image_path=None)}),
            "line 1: sample '7': there is no key 'image_path'",
        ),
        ("a.json", json.dumps({"7": emobserver_record(ground_truth=None)}), "no key 'ground_truth'"),
        ("a.json", "5", "line 1: not a JSON object"),
        ("a.csv", f"{HEADER}\na.png,joy,UnbiasedEmo-6\n", "line 2: there is no field 'split'"),
        ("a.csv", f"{HEADER}\na.png,joy,,test\n", "line 2: no task is named"),
        ("a.jsonl", LINE + "\n" + json.dumps(emocaliber_line(task="")), "line 2: no task is named"),
        ("a.json", json.dumps({"7": emobserver_record(task=" ")}), "line 1: sample '7': no task is named"),
        ("a.json", DEEP, "line 1: sample '1': nested too deeply"),
    ],
)  # fmt: skip
def test_a_broken_table_is_refused_with_file_and_line(tmp_path, task, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        list(open_data(tmp_path / name).samples(task))
    assert message in caught.value.message
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.jsonl", LINE + "\n" + LINE.replace('"task"', '"ground_truth": "joy", "task"'), 2),
        ("a.json", f'{{"1": {RECORD},\n"2": {{"prompt": "", {RECORD[1:]}}}', 2),
    ],
)
def test_a_key_given_twice_in_a_published_row_is_a_fault_of_it(tmp_path, task, name, text, line):
    (tmp_path / name).write_text(text)
    faults = [sample.fault for sample in open_data(tmp_path / name).samples(task)]
    assert faults[0] is None
    assert re.fullmatch(rf"{name}, line {line}: the key '\w+' is there more than once", faults[1])


def test_what_is_no_data_is_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no data folder"):
        open_data("nowhere")
    with pytest.raises(DataError, match="no data folder"):
        open_data("/not/here")
    monkeypatch.chdir(tmp_path.parent)  # a misspelt table is not looked up on the Hub
    with pytest.raises(DataError, match=r"no data folder or table .*/sampels\.csv"):
        open_data(f"{tmp_path.name}/sampels.csv")
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="utf-8"):
        open_data(tmp_path / "picture.csv")


def test_other_json_files_beside_a_table_do_not_count(tmp_path, task):
    (tmp_path / "dataset_infos.json").write_text('{"default": {"license": ""}}')
    (tmp_path / "images.csv").write_text("image,label\na.png,joy\n")
    assert open_data(tmp_path).table.name == "images.csv"
    (tmp_path / "more.json").write_text(json.dumps({"1": emobserver_record()}))
    with pytest.raises(DataError, match=r"several tables: images\.csv, more\.json"):
        open_data(tmp_path)
