"""Images that lie in a parquet or a tar: which rows they are of, and what is not to be trusted."""

import io
import json
import random
import tarfile
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_layouts import add_member, label_of, parquet, some_images, tars

from vecbench.errors import DataError, ImageError
from vecbench.samples import Sample, open_data, parquet_cells
from vecbench.samples.images import read_image
from vecbench.tasks import load_catalogue

TASK = load_catalogue().tasks["emoset_8"]


def shard(path, rows, names=None, **options):
    """A parquet of such rows, whose column label is a ClassLabel if it has names."""
    table = pa.Table.from_pylist(rows)
    if names is not None:
        said = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(said)})
    pq.write_table(table, path, **options)
    return path


def test_images_as_bytes_and_as_paths_are_read(tmp_path):
    images = some_images()
    (tmp_path / "a.png").write_bytes(images["awe/00002.png"])
    file = shard(tmp_path / "a.parquet", [{"image": "a.png", "label": "awe"}])
    [sample] = open_data(file).samples(TASK)
    assert (sample.id, sample.image_bytes()) == ("a.png", images["awe/00002.png"])
    file = shard(
        tmp_path / "b.parquet", [{"image": data, "label": label_of(name)} for name, data in images.items()]
    )
    samples = list(open_data(file).samples(TASK))
    assert [each.image_bytes() for each in samples] == [*images.values()]
    assert samples[3].id == "b.parquet/3"


def test_several_images_of_a_row_are_read_in_their_order(tmp_path):
    one, two, *_ = some_images().values()
    file = shard(tmp_path / "a.parquet", [{"images": [{"bytes": one}, {"bytes": two}], "label": "awe"}])
    [sample] = open_data(file).samples(TASK)
    assert [sample.image_bytes(0), sample.image_bytes(1)] == [one, two]


def test_two_rows_with_images_of_one_name_are_two_samples(tmp_path):
    one, two, *_ = some_images().values()
    rows = [{"image": {"bytes": data, "path": "0.png"}, "label": "awe"} for data in (one, two)]
    samples = list(open_data(shard(tmp_path / "a.parquet", rows)).samples(TASK))
    assert [each.id for each in samples] == ["0.png", "0.png#2"]
    assert [each.image_bytes() for each in samples] == [one, two]


def test_numbers_have_the_names_of_the_files_own_metadata(tmp_path):
    rows = [{"image": "a.png", "label": 1}, {"image": "b.png", "label": -1}]
    first, second = open_data(shard(tmp_path / "a.parquet", rows, ["fear", "awe"])).samples(TASK)
    assert first.target == "awe"
    assert second.target_fault is not None
    with pytest.raises(DataError, match="row 1: label is 1, a number, and nothing says"):
        list(open_data(shard(tmp_path / "a.parquet", rows)).samples(TASK))


@pytest.mark.parametrize("rows_in_group", [1, 10, 1000])
def test_rows_are_read_in_any_order_by_several_at_a_time(tmp_path, rows_in_group, monkeypatch):
    monkeypatch.setattr(parquet_cells, "KEPT", 2)
    images = some_images(60)
    root = parquet(tmp_path, images, shards=1, rows_in_group=rows_in_group)
    samples = list(open_data(root).samples(TASK))
    random.Random(0).shuffle(samples)
    wrong = []

    def look(some):
        wrong.extend(each.id for each in some if each.image_bytes() != images[each.id])

    threads = [threading.Thread(target=look, args=(samples[n::4],)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_no_more_than_a_few_images_are_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_cells, "KEPT", 3)
    root = parquet(tmp_path, some_images(200), shards=1, rows_in_group=200)
    file = root / "data" / "test-00000-of-00001.parquet"
    reader = parquet_cells.ParquetCells(file, "image")
    most = 0
    for row in range(200):
        assert reader.cell(row)["bytes"]
        most = max(most, sum(map(len, reader._batches.values())))
    assert most == 3 * parquet_cells.AT_A_TIME


def test_a_column_that_unfolds_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_cells, "MOST_UNFOLDED", (200, 2**16))
    rows = [{"image": b"\0" * 2**16, "label": "awe"} for _ in range(64)]
    file = shard(tmp_path / "a.parquet", rows, compression="zstd", use_dictionary=False)
    assert file.stat().st_size < 2**16
    with pytest.raises(DataError, match="the column image unfolds from"):
        list(open_data(file).samples(TASK))


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1", b"PAR1" + b"\xff" * 4000])
def test_a_broken_parquet_is_refused(tmp_path, data):
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet: not a Parquet that can be read"):
        list(open_data(tmp_path / "a.parquet").samples(TASK))


def test_a_row_without_an_image_is_an_error_of_its_own(tmp_path):
    rows = [{"image": {"bytes": b"x", "path": None}, "label": "awe"}, {"image": None, "label": "fear"}]
    first, second = open_data(shard(tmp_path / "a.parquet", rows)).samples(TASK)
    assert first.image_bytes() == b"x"
    with pytest.raises(ImageError, match="the row holds no bytes"):
        second.image_bytes()
    for name in ("a.parquet/7", "a.parquet/x", "a.parquet/../../secret", "a.parquet/0/9"):
        with pytest.raises(ImageError):
            read_image(tmp_path, name)


def a_tar(path, members):
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            add_member(tar, name, data)
    return path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../a.png", "the member ../a.png leads out"),
        ("a/../../b.png", "leads out"),
        ("/etc/a.png", "leads out"),
        ("inner.tar", "archives in archives are not opened"),
        ("a/inner.zip", "archives in archives are not opened"),
        ("good.png", "is there twice"),
    ],
)
def test_a_tar_that_is_not_to_be_trusted_is_refused(tmp_path, name, said):
    file = a_tar(tmp_path / "a.tar", [("good.png", b"x"), ("good.cls", b"awe"), (name, b"y")])
    with pytest.raises(DataError, match=said):
        list(open_data(file).samples(TASK))


def test_a_link_in_a_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(DataError, match=r"the member a.png is a link"):
        list(open_data(tmp_path / "a.tar").samples(TASK))


def test_a_tar_that_ends_too_early_is_refused(tmp_path):
    whole = tars(tmp_path, some_images(), shards=1) / "test-000000.tar"
    whole.write_bytes(whole.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"not a tar that can be read|ends before"):
        list(map(Sample.image_bytes, open_data(whole).samples(TASK)))


@pytest.mark.parametrize(
    ("members", "target", "columns"),
    [
        ([("1.cls", b"awe")], "awe", {}),
        ([("1.txt", b" awe\n")], "awe", {}),
        ([("1.json", b'{"label": "fear", "place": "x"}'), ("1.txt", b"a caption")], "fear", {"place": "x"}),
        ([], "awe", {}),
    ],
)
def test_the_files_of_a_sample_say_its_target(tmp_path, members, target, columns):
    folder = "" if members else "awe/"
    file = a_tar(tmp_path / "a.tar", [(f"{folder}1.png", b"x"), *members])
    [sample] = open_data(file).samples(TASK)
    assert (sample.id, sample.target, sample.image_bytes()) == (f"{folder}1.png", target, b"x")
    assert columns.items() <= sample.columns.items()


def test_an_object_of_a_sample_that_cannot_be_read_is_its_own_fault(tmp_path):
    members = [("1.png", b"x"), ("1.json", b'{"label"'), ("2.png", b"y"), ("2.json", b'{"label": "awe"}')]
    first, second = open_data(a_tar(tmp_path / "a.tar", members)).samples(TASK)
    assert "1.json cannot be read" in first.fault
    assert second.fault is None


def test_a_broken_member_says_so(tmp_path):
    file = a_tar(tmp_path / "a.tar", [("1.png", b"x"), ("1.cls", b"awe")])
    assert io.BytesIO(read_image(tmp_path, f"{file.name}/1.png")).read() == b"x"
    with pytest.raises(ImageError, match=r"a\.tar has no image 2\.png"):
        read_image(tmp_path, f"{file.name}/2.png")
