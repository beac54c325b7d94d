"""What the numbers of classes mean, as a file beside the data says it."""

import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_layouts import LABELS, add_member, some_images

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.label_names import class_named, names_beside
from vecbench.tasks import load_catalogue

TASK = load_catalogue().tasks["emoset_8"]
OTHERS = ("joy", "love")


def card(names=LABELS, column="label", **config):
    listed = "".join(f"          '{number}': {name}\n" for number, name in enumerate(names))
    lead = "".join(f"  {key}: {value}\n" for key, value in config.items())
    return (
        f"---\nlicense: mit\ndataset_info:\n{lead}  features:\n  - name: image\n    dtype: image\n"
        f"  - name: {column}\n    dtype:\n      class_label:\n        names:\n{listed}---\n# Moods\n"
    )


def info(names=LABELS):
    return {"features": {"label": {"names": list(names), "_type": "ClassLabel"}, "image": {"_type": "Image"}}}


def a_tar(path, members):
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            add_member(tar, name, data)


def shard(root, label=2, kind="data"):
    file = root / kind / "test-00000-of-00001.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    data = next(iter(some_images().values()))
    pq.write_table(pa.Table.from_pylist([{"image": {"bytes": data, "path": "a.png"}, "label": label}]), file)
    return file


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", card()),
        ("README.md", card().replace("\n", "\r\n")),
        ("README.md", card().replace("dtype:\n      class_label", "sequence:\n      class_label")),
        ("dataset_info.json", json.dumps(info())),
        ("dataset_infos.json", json.dumps({"default": info()})),
        ("classnames.txt", "\n".join(LABELS) + "\n"),
    ],
)
@pytest.mark.parametrize("folder", ["data", "."])
def test_numbers_in_a_parquet_have_the_names_of_a_file_beside_it(tmp_path, folder, name, text):
    file = shard(tmp_path)
    (tmp_path / folder / name).write_text(text)
    for where in (file, tmp_path):
        source = open_data(where)
        [sample] = source.samples(TASK)
        assert sample.target == "awe"
        assert f"the column label, whose numbers {name} names" in source.recognised()


def test_the_files_own_names_come_first(tmp_path):
    file = shard(tmp_path)
    said = pq.read_table(file).replace_schema_metadata(
        {"huggingface": json.dumps({"info": info(LABELS[::-1])})}
    )
    pq.write_table(said, file)
    (tmp_path / "README.md").write_text(card())
    source = open_data(file)
    assert next(source.samples(TASK)).target == LABELS[::-1][2]
    assert "whose numbers the file itself names" in source.recognised()


def test_of_several_configurations_the_one_of_the_files_folder_counts(tmp_path):
    file = shard(tmp_path, kind="mood")
    one, other = (
        card(names, config_name=name).partition("dataset_info:\n")[2].partition("---")[0]
        for names, name in ((OTHERS, "pair"), (LABELS, "mood"))
    )
    listed = "".join("- " + block[2:] for block in (one, other))
    (tmp_path / "README.md").write_text(f"---\ndataset_info:\n{listed}---\n")
    assert names_beside(file, "label").names == LABELS
    assert names_beside(shard(tmp_path, kind="data"), "label") is None  # which of them, nothing says


@pytest.mark.parametrize(
    "text",
    [
        card(column="mood"),
        card().replace("---\nlicense", "license"),
        card().replace("'2'", "'12'"),
        "---\n- [\n---\n",
        "---\ndataset_info: 7\n---\n",
        "---\n" + "[" * 5000 + "\n---\n",
        "---\na: &a [x, x]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(9)) + "---\n",
        card() + "x" * 2**22,
    ],
)
def test_a_card_that_does_not_say_it_leaves_a_number_a_number(tmp_path, text):
    file = shard(tmp_path)
    (tmp_path / "README.md").write_text(text)
    with pytest.raises(DataError, match="label is 2, a number, and nothing says") as refused:
        list(open_data(file).samples(TASK))
    assert "classnames.txt" in refused.value.remedy
    assert "README.md" in refused.value.remedy


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text(card())
    file = shard(tmp_path / "data")
    (file.parent / "README.md").symlink_to(tmp_path / "elsewhere")
    assert names_beside(file, "label") is None


def test_classes_in_a_tar_have_the_names_of_a_file_beside_it(tmp_path):
    data = next(iter(some_images().values()))
    (tmp_path / "classnames.txt").write_text("\n".join(LABELS))
    (tmp_path / "test").mkdir()
    members = [("1.png", data), ("1.cls", b"2"), ("2.png", data), ("2.json", b'{"label": 5}')]
    a_tar(tmp_path / "test" / "0.tar", members)
    source = open_data(tmp_path)
    assert [each.target for each in source.samples(TASK)] == ["awe", "excitement"]
    assert "whose numbers classnames.txt names" in source.recognised()
    (tmp_path / "classnames.txt").unlink()
    with pytest.raises(DataError, match="label is 2, a number"):
        list(open_data(tmp_path).samples(TASK))


def test_what_is_the_number_of_no_class_stays_as_it_is():
    assert [class_named(each, OTHERS) for each in (0, "1", [1, 0], 2, -1, "joy", "²", True, 1.0, None)] == [
        *("joy", "love", ["love", "joy"], 2, -1, "joy", "²", True, 1.0, None)
    ]
    assert class_named(1, None) == 1


def test_a_label_that_a_tar_writes_out_is_taken_as_it_is(tmp_path):
    a_tar(tmp_path / "0.tar", [("1.png", b"x"), ("1.cls", b"awe")])
    (tmp_path / "classnames.txt").write_text("fear\n")
    assert next(open_data(tmp_path / "0.tar").samples(TASK)).target == "awe"
