"""A value that a parquet stores once is not unfolded into the memory for every row."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_layouts import parquet, some_images

from vecbench.errors import DataError, ImageError
from vecbench.interop.parquet_rows import parquet_rows
from vecbench.samples import open_data, parquet_dictionaries
from vecbench.samples.parquet_dictionaries import _dictionary_size, rows_at_once
from vecbench.tasks import load_catalogue

TASK = load_catalogue().tasks["emoset_8"]
LARGE = 2**17


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(parquet_dictionaries, "LARGEST", 2**16)
    parquet_dictionaries._repeated.cache_clear()
    yield
    parquet_dictionaries._repeated.cache_clear()


def written(path, rows, **options):
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def image(data):
    return {"image": {"bytes": data, "path": None}, "label": "awe"}


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_a_large_text_that_is_stored_once_for_many_rows_is_refused(tmp_path, compression):
    rows = [{"image": "a.png", "label": "awe", "prompt": "x" * LARGE}] * 50
    file = written(tmp_path / "a.parquet", rows, compression=compression)
    with pytest.raises(
        DataError, match="the column prompt stores a value of 131,072 bytes once for several rows"
    ):
        list(open_data(file).samples(TASK))
    with pytest.raises(DataError, match="the column prompt stores a value of 131,072 bytes"):
        list(parquet_rows(file, []))


def test_a_large_image_that_is_stored_once_for_many_rows_is_an_error_of_each(tmp_path):
    file = written(tmp_path / "a.parquet", [image(b"x" * LARGE)] * 3)
    for sample in open_data(file).samples(TASK):
        with pytest.raises(ImageError, match=r"the column image\.bytes stores a value of 131,072 bytes once"):
            sample.image_bytes()


def test_images_in_a_list_count_too(tmp_path):
    rows = [{"images": [{"bytes": b"x" * LARGE}], "label": "awe"}] * 3
    with pytest.raises(DataError, match=r"the column images\.list\.element\.bytes stores"):
        list(open_data(written(tmp_path / "a.parquet", rows)).samples(TASK))


def test_different_large_images_and_small_ones_of_several_rows_are_read(tmp_path):
    rows = [image(bytes([number]) * LARGE) for number in range(5)] + [image(b"small")] * 5
    file = written(tmp_path / "a.parquet", rows)
    samples = list(open_data(file).samples(TASK))
    assert [each.image_bytes() for each in samples] == [row["image"]["bytes"] for row in rows]


def test_the_larger_the_dictionary_the_fewer_rows_are_read_together(tmp_path, monkeypatch):
    rows = [{"text": f"{number:04}" * 256, "n": number} for number in range(100)]
    file = written(tmp_path / "a.parquet", rows)
    size = 100 * (1024 + 4)
    for at_once, expected in ((2**28, 1000), (size * 10, 10), (size // 2, 1)):
        monkeypatch.setattr(parquet_dictionaries, "AT_ONCE", at_once)
        with pq.ParquetFile(file) as opened:
            assert rows_at_once(file, opened, ["text"], 1000) == expected
            assert rows_at_once(file, opened, ["n"], 1) == 1
    assert [row["n"] for _, row in parquet_rows(file, [])] == [*range(100)]


def test_columns_without_a_dictionary_are_read_as_ever(tmp_path):
    rows = [{"image": "a.png", "label": "awe", "prompt": "x" * LARGE}] * 3
    file = written(tmp_path / "a.parquet", rows, use_dictionary=False)
    with pq.ParquetFile(file) as opened:
        assert rows_at_once(file, opened, ["prompt", "label"], 1000) == 1000
    assert len(list(open_data(parquet(tmp_path / "b", some_images())).samples(TASK))) == 8


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (b"\x15\x04\x15\x80\x80\x10\x15\x02", 2**17),
        (b"\x15\x04\x15\x02", 1),
        (b"\x15\x00\x15\x80\x80\x10", 0),  # a page of data
        (b"\x15\x04", 0),
        (b"\x15", 0),
        (b"", 0),
        (b"\xff" * 16, 0),
        (b"\x15" + b"\xff" * 15, 0),
    ],
)
def test_a_pages_header_says_whether_it_is_a_dictionary_and_how_large(header, size):
    assert _dictionary_size(header) == size
