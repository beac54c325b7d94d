import csv
import json

import pytest
from fakes import make_data

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.check import unread_row_warnings
from vecbench.tasks import load_catalogue


@pytest.fixture
def task():
    return load_catalogue().tasks["emoji_7"]


def write(root, text, name="samples.csv"):
    root.mkdir(exist_ok=True)
    (root / name).write_text(text)
    return open_data(root)


def test_rows_become_samples_in_the_tables_order(tmp_path, task):
    samples = list(open_data(make_data(tmp_path, ["joy", "fear"])).samples(task))
    assert [(sample.id, sample.target, sample.fault) for sample in samples] == [
        ("s0", "joy", None),
        ("s1", "fear", None),
    ]
    assert samples[0].candidates == task.labels
    assert samples[0].image_bytes().startswith(b"\x89PNG")


def test_a_jsonl_is_read_like_a_csv(tmp_path, task):
    rows = [{"image": "a.png", "label": "joy"}, {"image": "b.png", "label": "fear", "prompt": "Why?"}]
    data = write(tmp_path, "\n".join(json.dumps(row) for row in rows) + "\n\n", "rows.jsonl")
    samples = list(data.samples(task))
    assert [(sample.id, sample.target, sample.prompt) for sample in samples] == [
        ("a.png", "joy", None),
        ("b.png", "fear", "Why?"),
    ]


def test_other_column_names_are_understood(tmp_path, task):
    data = write(tmp_path, "image_path,ground_truth,sample_id\na.png,joy,7\n")
    assert [sample.id for sample in data.samples(task)] == ["7"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path, task):
    data = write(tmp_path, "\ufeffimage,label\na.png,joy\n")
    assert len(list(data.samples(task))) == 1


def test_only_the_tasks_rows_are_taken_by_id_or_display_name(tmp_path, task):
    data = write(
        tmp_path, "image,label,task\na.png,joy,emoji_7\nb.png,joy,Emoji-7\nc.png,joy,fluent_7\nd.png,joy,\n"
    )
    assert [sample.id for sample in data.samples(task)] == ["a.png", "b.png", "d.png"]


def test_the_limit_takes_the_first_rows(tmp_path, task):
    data = open_data(make_data(tmp_path, ["joy"] * 5))
    assert [sample.id for sample in data.samples(task, limit=2)] == ["s0", "s1"]


def test_a_target_in_another_spelling_is_the_label(tmp_path, task):
    data = write(tmp_path, "image,label\na.png, Joy \n")
    assert [sample.target for sample in data.samples(task)] == ["joy"]


def test_a_target_outside_the_candidates_is_a_fault_of_its_sample_alone(tmp_path, task):
    data = write(tmp_path, "image,label\na.png,awe\nb.png,joy\n,joy\n")
    faults = [sample.fault for sample in data.samples(task)]
    assert faults == [
        "samples.csv, line 2: the target 'awe' is not among the candidates",
        None,
        "samples.csv, line 4: no image is named",
    ]


@pytest.mark.parametrize("name", ["samples.csv", "samples.jsonl"])
def test_candidates_of_ones_own_table_must_be_the_tasks(tmp_path, task, name):
    def table(*candidates):
        rows = [
            {"image": f"{n}.png", "label": "joy", "candidates": each} for n, each in enumerate(candidates)
        ]
        if name.endswith(".jsonl"):
            return write(tmp_path, "\n".join(json.dumps(row) for row in rows), name)
        with (tmp_path / name).open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(rows[0])
            writer.writerows(
                [row["image"], row["label"], row["candidates"] and json.dumps(row["candidates"])]
                for row in rows
            )
        return open_data(tmp_path)

    turned = list(reversed(task.labels))
    samples = list(table(turned, None).samples(task))
    assert [sample.candidates for sample in samples] == [tuple(turned), task.labels]
    with pytest.raises(
        DataError, match=rf"line \d: the candidates are joy, awe; .* {', '.join(task.labels)}"
    ):
        list(table(turned, ["joy", "awe"]).samples(task))


@pytest.mark.parametrize("name", ["samples.csv", "samples.jsonl"])
def test_rows_of_another_split_are_left_out_and_warned_of(tmp_path, task, name):
    rows = [("a.png", "train"), ("b.png", "Test"), ("c.png", ""), ("d.png", "train")]
    text = "image,label,split\n" + "".join(f"{image},joy,{split}\n" for image, split in rows)
    if name.endswith(".jsonl"):
        text = "".join(
            json.dumps({"image": image, "label": "joy", "split": split or None}) + "\n"
            for image, split in rows
        )
    data = write(tmp_path, text, name)
    assert [sample.image for sample in data.samples(task)] == ["b.png", "c.png"]
    [warning] = unread_row_warnings(data, load_catalogue())
    assert "2 rows of the split 'train' are left out" in warning
    data = write(tmp_path, text.replace("Test", "val"), name)
    assert data.left_out() == {"train": 2, "val": 1}


def test_an_id_given_twice_is_refused_with_its_line(tmp_path, task):
    data = write(tmp_path, "id,image,label\nx,a.png,joy\nx,b.png,joy\n")
    with pytest.raises(DataError, match=r"line 3: the sample id 'x' of emoji_7 is given twice"):
        list(data.samples(task))


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("picture,label\na.png,joy\n", "samples.csv", "no column image; found: picture, label"),
        ("image\na.png\n", "samples.csv", "no column label"),
        ("image,label\na.png,joy,more\n", "samples.csv", "line 2: more fields"),
        ('image,label\n"a.png,joy\n', "samples.csv", "unexpected end of data"),
        ('{"image": "a.png", "label": "joy"}\n{"image"', "samples.jsonl", "line 2: not valid JSON"),
        ("[1]\n", "samples.jsonl", "row 1: not a JSON object"),
        ('"image\nx,label\na.png,joy\n', "samples.csv", "line 1: unexpected end of data"),
        ('image,label\na.png,joy\n"b.png,joy\n\n', "samples.csv", "line 3: unexpected end of data"),
        ("image,label\na.png," + "x" * 200_000, "samples.csv", "line 2: field larger than field limit"),
        ("x" * 200_000 + ",image,label\n", "samples.csv", "line 1: field larger than field limit"),
        ("image,label,candidates\na.png,joy,joy\n", "samples.csv", "line 2: 'candidates' is not a list"),
    ],
)
def test_a_broken_table_is_refused(tmp_path, task, text, name, message):
    with pytest.raises(DataError, match=message):
        list(write(tmp_path, text, name).samples(task))


def test_text_that_is_not_utf8_is_refused(tmp_path, task):
    (tmp_path / "samples.csv").write_bytes(b"image,label\n\xff.png,joy\n")
    with pytest.raises(DataError, match="line 2: not utf-8"):
        list(open_data(tmp_path).samples(task))


def test_a_missing_folder_and_a_folder_without_a_table_are_refused(tmp_path):
    with pytest.raises(DataError, match="no data folder"):
        open_data(tmp_path / "none")
    with pytest.raises(DataError, match="holds no table"):
        open_data(tmp_path)


def test_of_several_tables_the_known_name_decides(tmp_path):
    write(tmp_path, "image,label\n", "a.csv")
    with pytest.raises(DataError, match=r"several tables: a\.csv, b\.csv"):
        write(tmp_path, "image,label\n", "b.csv")
    assert write(tmp_path, "image,label\n", "samples.csv").table.name == "samples.csv"


@pytest.mark.parametrize("header", ["image,label,label", "image,label,image", "image,label,note,note"])
def test_a_column_that_is_there_twice_is_refused(tmp_path, task, header):
    data = write(tmp_path, f"{header}\n{','.join('a' * len(header.split(',')))}\n")
    with pytest.raises(
        DataError, match=f"line 1: the column {header.split(',')[-1]} is there more than once"
    ):
        list(data.samples(task))


def test_columns_without_a_name_are_ignored(tmp_path, task):
    data = write(tmp_path, "image,label,,\na.png,joy,,\n")
    assert [sample.fault for sample in data.samples(task)] == [None]


def test_a_key_given_twice_is_a_fault_of_its_row(tmp_path, task):
    rows = ['{"image": "a.png", "label": "joy"}', '{"image": "b.png", "label": "joy", "label": "fear"}']
    data = write(tmp_path, "\n".join(rows), "rows.jsonl")
    assert [(sample.id, sample.fault) for sample in data.samples(task)] == [
        ("a.png", None),
        ("b.png", "rows.jsonl, line 2: the key 'label' is there more than once"),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"image": ["a.png", "b.png"], "label": "joy"}, "image is a list, not a text"),
        ({"image_path": {"path": "a.png"}, "label": "joy"}, "image_path is an object, not a text"),
        ({"image": "a.png", "label": ["joy"]}, "label is a list, not a text"),
        ({"image": "a.png", "label": "joy", "prompt": ["Which?"]}, "prompt is a list, not a text"),
    ],
)
def test_what_is_no_text_is_a_fault_of_its_row(tmp_path, task, row, fault):
    data = write(tmp_path, json.dumps(row), "rows.jsonl")
    [sample] = data.samples(task)
    assert sample.fault == f"rows.jsonl, line 1: {fault}"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "", "the file is empty"),
        ("a.csv", "\n\n", "the file is empty"),
        ("a.jsonl", "", "the file is empty"),
        ("a.jsonl", "\n", "the file is empty"),
        ("a.csv", "path,label\n", "there is no column image"),
    ],
)
def test_a_table_without_a_header_or_a_row_that_tells_its_columns_is_refused(
    tmp_path, task, name, text, problem
):
    with pytest.raises(DataError, match=rf"{name}: {problem}"):
        list(write(tmp_path, text, name).samples(task))


def test_a_table_of_a_header_alone_has_no_rows(tmp_path, task):
    assert list(write(tmp_path, "image,label\n").samples(task)) == []
