"""Data as people have them: every layout is recognised by its content, and the same images come out of it."""

import csv
import json

import pytest
from data_layouts import COLUMNS, FORMATS, LAYOUTS, label_of, some_images, split_folders, write_files

from vecbench.errors import DataError, UsageError
from vecbench.samples import open_data
from vecbench.samples.beginning import beginning_of
from vecbench.samples.check import check_data
from vecbench.samples.recognition import FORMATS as IN_ORDER
from vecbench.samples.tables import OWN_CSV, OWN_JSON, OWN_JSONL, OWN_SEMICOLONS, OWN_TSV
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
TASK = CATALOGUE.tasks["emoset_8"]
GENERAL = {OWN_JSON, OWN_JSONL, OWN_TSV, OWN_SEMICOLONS, OWN_CSV}
"""What any JSON and any text is, if nothing else recognises it."""


def opened(name, root, images):
    return open_data(LAYOUTS[name](root / name, images), columns=COLUMNS.get(name))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_same_images_come_out_of_every_layout(tmp_path, name):
    images = some_images(20)
    source = opened(name, tmp_path, images)
    samples = list(source.samples(TASK))
    assert source.format.name == FORMATS[name]
    assert [each.fault for each in samples] == [None] * 20
    assert {each.id: (each.target, each.image_bytes()) for each in samples} == {
        image: (label_of(image), data) for image, data in images.items()
    }
    assert all(each.missing_image() is None for each in samples)
    assert not check_data(source, [TASK], CATALOGUE).tasks[0].unreadable
    assert [each.id for each in source.samples(TASK)] == [each.id for each in samples]


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_line_says_what_was_recognised_and_how_the_target_was_found(tmp_path, name):
    said = opened(name, tmp_path, some_images()).recognised()
    assert f": {FORMATS[name]}" in said
    assert "; target: " in said
    assert "\n" not in said
    has_train = {"split_folders", "image_folder", "parquet", "tars"}
    assert ("left out: the split train" in said) == (name in has_train)


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_format_alone_recognises_a_table(tmp_path, name):
    table = opened(name, tmp_path, some_images()).tables[0]
    found = [form for form in IN_ORDER if form.recognises(beginning_of(table))]
    assert found[0].name == FORMATS[name]
    assert len([form for form in found if form not in GENERAL]) <= 1
    assert len([form for form in found if form in GENERAL]) <= 1


def test_a_folder_named_as_a_split_is_read_if_it_is_named(tmp_path):
    root = split_folders(tmp_path, some_images())
    assert open_data(root / "train").root == root / "train"
    assert open_data(root).root == root / "test"


def test_without_a_test_split_there_is_nothing_to_read(tmp_path):
    write_files(tmp_path / "train", some_images())
    write_files(tmp_path / "val", some_images())
    with pytest.raises(DataError, match="train and val, and none that is called test"):
        open_data(tmp_path)


def test_images_that_are_named_after_their_class_are_read(tmp_path):
    names = ["content_0003.jpg", "sad_0007.jpg", "fear_0012.jpg", "sad_0100.jpg"]
    write_files(tmp_path / "testImages_artphoto", dict.fromkeys(names, b"x"))
    samples = open_data(tmp_path).samples(CATALOGUE.tasks["artphoto_8"])
    assert {each.id: each.target for each in samples} == {
        "content_0003.jpg": "contentment",
        "fear_0012.jpg": "fear",
        "sad_0007.jpg": "sadness",
        "sad_0100.jpg": "sadness",
    }


def test_classes_that_are_no_labels_are_refused_together_with_the_nearest(tmp_path):
    write_files(tmp_path, some_images(4, ["awe", "fear", "amusment", "neutral"]))
    with pytest.raises(DataError) as refused:
        list(open_data(tmp_path).samples(TASK))
    assert "2 of 4 classes are no labels of emoset_8" in refused.value.message
    assert "amusment (nearest: amusement), neutral" in refused.value.message


def test_two_layouts_in_one_folder_are_refused_and_both_named(tmp_path):
    LAYOUTS["parquet"](tmp_path, some_images())
    LAYOUTS["class_folders"](tmp_path, some_images())
    with pytest.raises(DataError, match=r"two layouts: parquet \(test-.*\) and class folders"):
        open_data(tmp_path)


def test_a_table_beside_class_folders_that_it_does_not_name_is_a_second_layout(tmp_path):
    write_files(tmp_path, some_images())
    (tmp_path / "samples.csv").write_text("image,label\nimages/other.png,awe\n")
    with pytest.raises(DataError, match=r"two layouts: table \(samples.csv\) and class folders"):
        open_data(tmp_path)


def test_rows_in_the_folder_of_another_split_never_mix_in(tmp_path):
    images = some_images()
    for split in ("train", "test"):
        write_files(tmp_path / split, images)
    rows = [f"{split}/{name},{label_of(name)}" for split in ("train", "test") for name in images]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,label", *rows]))
    source = open_data(tmp_path)
    assert {each.image for each in source.samples(TASK)} == {f"test/{name}" for name in images}
    assert source.left_out() == {"train": len(images)}
    assert "left out: the split train" in source.recognised()


def test_columns_of_other_names_are_suggested(tmp_path):
    root = LAYOUTS["other_names"](tmp_path, some_images())
    with pytest.raises(DataError, match=r"no column image; found: file, emotion;.* --columns image=file"):
        list(open_data(root).samples(TASK))
    with pytest.raises(DataError, match=r"no column label; .* --columns label=emotion"):
        list(open_data(root, columns={"image": "file"}).samples(TASK))


@pytest.mark.parametrize(
    ("columns", "kind", "said"),
    [
        ({"image": "file", "label": "emotoin"}, DataError, "no column emotoin, .* Did you mean emotion"),
        ({"image": "file", "lable": "emotion"}, UsageError, "lable is no column of vecbench's"),
    ],
)
def test_names_of_columns_that_nothing_has_are_refused(tmp_path, columns, kind, said):
    root = LAYOUTS["other_names"](tmp_path, some_images())
    with pytest.raises(kind, match=said) as refused:
        list(open_data(root, columns=columns).samples(TASK))
    assert "label" in refused.value.message + refused.value.remedy


def test_columns_of_a_published_table_are_known(tmp_path):
    with pytest.raises(UsageError, match="EmoSet list, whose columns are known"):
        open_data(LAYOUTS["emoset"](tmp_path, some_images()), columns={"image": "file"})


@pytest.mark.parametrize("text", ["image,label\na.png,3\n", '[{"image": "a.png", "label": 3}]'])
def test_a_number_that_nothing_names_is_refused(tmp_path, text):
    table = tmp_path / ("test.json" if text.startswith("[") else "test.csv")
    table.write_text(text)
    with pytest.raises(DataError, match="label is 3, a number, and nothing says which of emoset_8's labels"):
        list(open_data(table).samples(TASK))


def test_a_table_of_several_encodings_names_the_line_that_is_not_utf8(tmp_path):
    rows = ["image,label", "ä.png,awe", "é.png,fear", "ж.png,awe"]
    encoded = [
        row.encode(code) for row, code in zip(rows, ["ascii", "utf-8", "latin-1", "cp1251"], strict=True)
    ]
    (tmp_path / "samples.csv").write_bytes(b"\n".join(encoded))
    with pytest.raises(DataError, match="line 3: not utf-8"):
        list(open_data(tmp_path).samples(TASK))


def test_an_archive_is_named_and_to_be_unpacked(tmp_path):
    (tmp_path / "images.zip").write_bytes(b"PK\x03\x04" + b"\0" * 600)
    with pytest.raises(DataError, match=r"holds the archive images.zip") as refused:
        open_data(tmp_path)
    assert "Unpack" in refused.value.remedy
    with pytest.raises(DataError, match="an archive or a file of another kind"):
        open_data(tmp_path / "images.zip")


def test_a_linked_class_folder_is_not_followed_out_of_the_data(tmp_path):
    write_files(tmp_path / "elsewhere", {"a.png": b"secret"})
    write_files(tmp_path / "data", some_images())
    (tmp_path / "data" / "calm").symlink_to(tmp_path / "elsewhere")
    found = {each.image for each in open_data(tmp_path / "data").samples(TASK)}
    assert found == {*some_images()}


def test_images_that_several_rows_share_are_read_for_each(tmp_path):
    root = LAYOUTS["base64_table"](tmp_path, some_images())
    with (root / "Emotion.tsv").open("a", newline="") as stream:
        csv.writer(stream, delimiter="\t").writerow(["again", "awe/00002.png", "Which?", "awe"])
        csv.writer(stream, delimiter="\t").writerow(["none", "nobody", "Which?", "awe"])
    *_, again, none = open_data(root).samples(TASK)
    assert again.image_bytes() == some_images()["awe/00002.png"]
    assert "the image is 'nobody'" in none.fault


def test_a_conversation_without_an_answer_is_a_fault_of_its_own(tmp_path):
    root = LAYOUTS["llava"](tmp_path, some_images())
    rows = json.loads((root / "test.json").read_text())
    rows[1]["conversations"].pop()
    (root / "test.json").write_text(json.dumps(rows))
    samples = list(open_data(root).samples(TASK))
    assert [each.fault for each in samples].count(None) == len(rows) - 1
    assert "the last turn is not the assistant's" in samples[1].fault
    assert samples[0].prompt == "Which?"
