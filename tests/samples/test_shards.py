"""A file that says of how many it is one is read with the others, or by its name."""

from pathlib import Path

import pytest
from data_layouts import parquet, some_images

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.shards import files_of_test
from vecbench.samples.splits import missing_shards

SHARD = "data/test-00000-of-00003.parquet"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["test-00000-of-00001.parquet"], ""),
        (["test.parquet", "0000.parquet", "test-000003.tar"], ""),
        ([f"part-{number}-of-3.tar" for number in (1, 2, 3)], ""),
        (["part-1-of-3.tar", "part-3-of-3.tar"], "1 of 3 shards: part-2-of-3.tar"),
        (["test-00001-of-00002.tar"], "1 of 2 shards: test-00000-of-00002.tar"),
        (["a-0-of-2", "b-1-of-2"], "1 of 2 shards: a-1-of-2; 1 of 2 shards: b-0-of-2"),
        (
            ["t-00000-of-99999.tar"],
            "99,998 of 99,999 shards: "
            + ", ".join(f"t-0000{n}-of-99999.tar" for n in range(1, 6))
            + " and 99,993 more",
        ),
    ],
)
def test_the_shards_that_are_missing_are_named(names, said):
    assert missing_shards(map(Path, names)) == said


def test_a_folder_that_lacks_shards_is_refused_and_a_file_that_is_named_is_read(tmp_path):
    root = parquet(tmp_path, some_images(), shards=3)
    assert "not read" not in open_data(root).recognised()
    (root / "data" / "test-00001-of-00003.parquet").unlink()
    with pytest.raises(DataError, match=r"lacks 1 of 3 shards: test-00001-of-00003\.parquet") as refused:
        open_data(root)
    assert "--data FILE" in refused.value.remedy
    said = open_data(root / SHARD).recognised()
    assert said.endswith(
        "; not read: 2 of 3 shards: test-00001-of-00003.parquet, test-00002-of-00003.parquet"
    )


def test_shards_of_other_splits_may_be_missing(tmp_path):
    root = parquet(tmp_path, some_images())
    (root / "data" / "train-00000-of-00001.parquet").rename(root / "data" / "train-00000-of-00009.parquet")
    assert "not read" not in open_data(root).recognised()


def test_a_dataset_on_the_hub_that_lacks_shards_is_refused():
    with pytest.raises(DataError, match="lacks 2 of 3 shards"):
        files_of_test([SHARD, "data/train-00000-of-00001.parquet"])
