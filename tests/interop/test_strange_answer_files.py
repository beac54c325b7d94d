"""Answers in files that are broken, hostile or contradict themselves."""

import json
import zipfile

import pytest

from vecbench.errors import DataError, UsageError
from vecbench.interop import parquet_rows, workbook
from vecbench.interop.reading import open_responses
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
HEAD = "task,id,target,response\n"


def read(path, **options):
    source = open_responses(path, CATALOGUE, **options)
    return source, list(source.responses)


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problems(source):
    return [(fault.line, fault.effect, fault.problem) for fault in source.faults]


def row(number, target="awe", said="awe"):
    return f"fi_8,{number},{target},{said}\n"


def test_a_table_of_three_encodings_keeps_the_rows_that_are_utf_8(tmp_path):
    content = (HEAD + row(1)).encode() + row(2, said="é").encode("latin-1") + row(3, said="é").encode()
    content += row(4).encode("utf-16-le")
    source, found = read(written(tmp_path / "a.csv", content))
    assert [each.sample_id for each in found] == ["1", "3"]
    assert problems(source)[0] == (3, "not scored", "not UTF-8")


def test_a_list_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    content = '[\n{"task": "fi_8", "target": "awe",\n"response": "é"}]'.encode("latin-1")
    with pytest.raises(DataError, match="line 3: not UTF-8"):
        read(written(tmp_path / "a.json", content))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_in_another_encoding_is_no_file_of_responses(tmp_path, encoding):
    with pytest.raises((DataError, UsageError)):
        read(written(tmp_path / "a.csv", (HEAD + row(1)).encode(encoding)))


def test_a_row_with_more_cells_than_the_header_costs_itself_only(tmp_path):
    source, found = read(written(tmp_path / "a.csv", HEAD + row(1, said="awe,some") + row(2) + "\n"))
    assert [each.sample_id for each in found] == ["2"]
    assert problems(source) == [(2, "not scored", "it has 5 cells, and the header has 4")]


def test_a_response_may_go_over_several_lines_and_have_separators_in_it(tmp_path):
    source, found = read(written(tmp_path / "a.csv", HEAD + row(1, said='"one;\ttwo,\nawe"')))
    assert [each.response for each in found] == ["one;\ttwo,\nawe"]
    assert source.faults == []


def test_a_longer_response_than_csv_takes_by_itself_is_read(tmp_path):
    _, found = read(written(tmp_path / "a.csv", HEAD + row(1, said="x" * 200_000)))
    assert len(found[0].response) == 200_000


def test_nothing_in_a_cell_is_no_response_and_no_error(tmp_path):
    head = "task;id;target;response;error;repeat\n"
    content = head + "fi_8;1;awe;;out of memory;0\nfi_8;2;awe;awe;False;0\nfi_8;2;awe;;;1\n"
    _, found = read(written(tmp_path / "a.csv", content))
    assert [(each.response, each.error, each.repeat) for each in found] == [
        (None, "out of memory", 0),
        ("awe", None, 0),
        (None, None, 1),
    ]


def test_a_list_in_a_cell_is_a_list(tmp_path):
    content = 'task;id;target;response;candidates\nmood;1;calm;calm;["calm", "sad"]\n'
    _, found = read(written(tmp_path / "a.csv", content))
    assert found[0].candidates == ("calm", "sad")


def test_a_table_without_answers_is_refused_with_its_columns(tmp_path):
    with pytest.raises(UsageError, match="its columns are 'image', 'label'") as refused:
        read(written(tmp_path / "a.csv", "image,label\na.jpg,awe\n"))
    assert "--columns" in refused.value.remedy


def test_a_log_that_names_two_tasks_is_told_and_each_row_is_of_its_own(tmp_path):
    def line(number, task):
        doc = {"task": task, "sample_id": str(number)}
        return json.dumps({"doc_id": number, "doc": doc, "target": "awe", "resps": [["awe"]]}) + "\n"

    content = line(0, "fi_8") + line(1, "emoset_8")
    source, found = read(written(tmp_path / "log.jsonl", content))
    assert [each.task for each in found] == ["fi_8", "emoset_8"]
    assert source.notes == ["log.jsonl: its rows name 2 tasks: 'fi_8' (1), 'emoset_8' (1)"]
    named = tmp_path / "samples_fi_8_2026-01-02T03-04-05.678901.jsonl"
    source, found = read(written(named, content))
    assert [each.task for each in found] == ["fi_8"]
    assert problems(source) == [
        (2, "not scored", "it names the task 'emoset_8', and the file is the log of 'fi_8'")
    ]


def workbook_of(path, rows):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for each in rows:
        book.active.append(each)
    book.save(path)
    return path


def test_a_formula_is_no_answer(tmp_path):
    rows = [["index", "answer", "prediction"], [0, "awe", "awe"], [1, "awe", '=HYPERLINK("http://x")']]
    source, found = read(workbook_of(tmp_path / "m_fi_8.xlsx", rows))
    assert [each.sample_id for each in found] == ["0"]
    assert problems(source) == [(3, "not scored", "the cell C3 is a formula, not a text")]


def test_what_a_workbook_makes_a_number_of_is_a_text_again(tmp_path):
    _, found = read(workbook_of(tmp_path / "m_fi_8.xlsx", [["index", "answer", "prediction"], [0, "awe", 7]]))
    assert (found[0].sample_id, found[0].response) == ("0", "7")


def test_what_vlmevalkit_could_not_ask_has_failed(tmp_path):
    said = "Failed to obtain answer via API."
    content = f"index\tanswer\tprediction\n0\tawe\t{said}\n"
    source, found = read(written(tmp_path / "m_fi_8.tsv", content))
    assert (found[0].response, found[0].error) == (None, said)
    assert source.is_incomplete


def zip_bomb(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members:
            archive.writestr(name, b"0" * 100_000)
    return path


@pytest.mark.parametrize(
    ("name", "members"),
    [("a.xlsx", ["xl/workbook.xml"]), ("a.eval", ["header.json", "samples/1_epoch_1.json"])],
)
def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch, name, members):
    monkeypatch.setattr(workbook, "MOST_BYTES", 50_000)
    with pytest.raises(DataError, match=r"unpacks to .* bytes, and no more than 50,000 are read"):
        read(zip_bomb(tmp_path / name, members))


def test_an_archive_of_something_else_is_called_that(tmp_path):
    with pytest.raises(UsageError, match="it is an archive of something else"):
        read(zip_bomb(tmp_path / "a.zip", ["inner.zip"]))


@pytest.mark.parametrize("name", ["a.xlsx", "a.eval"])
def test_an_archive_that_is_torn_off_is_refused(tmp_path, name):
    whole = zip_bomb(tmp_path / name, ["xl/workbook.xml", "header.json"]).read_bytes()
    with pytest.raises((DataError, UsageError)):
        read(written(tmp_path / name, whole[: len(whole) // 2]))


def test_a_workbook_without_a_sheet_is_refused(tmp_path):
    pytest.importorskip("openpyxl")
    with pytest.raises(DataError, match="not a workbook that can be read"):
        read(zip_bomb(tmp_path / "a.xlsx", ["xl/workbook.xml"]))


def parquet_of(path, columns):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path)
    return path


COLUMNS = {"task": ["fi_8"] * 2, "id": [1, 2], "target": ["awe"] * 2, "response": ["awe"] * 2}


def test_rows_that_unpack_to_too_much_are_not_read(tmp_path, monkeypatch):
    path = parquet_of(tmp_path / "a.parquet", COLUMNS)
    monkeypatch.setattr(parquet_rows, "MOST_GROUP", 100)
    with pytest.raises(DataError, match=r"rows unpack to .* bytes at once, and at most 100 are read"):
        read(path)


@pytest.mark.parametrize("cut", [slice(0, 60), slice(0, -8)])
def test_a_parquet_that_is_torn_off_is_refused(tmp_path, cut):
    path = parquet_of(tmp_path / "a.parquet", COLUMNS)
    with pytest.raises(DataError, match="not a Parquet that can be read"):
        read(written(path, path.read_bytes()[cut]))


def test_pictures_in_a_parquet_are_not_read(tmp_path):
    pictures = [{"bytes": b"\xff" * 1000, "path": "a.jpg"}] * 2
    _, found = read(parquet_of(tmp_path / "a.parquet", COLUMNS | {"image": pictures}))
    assert [(each.sample_id, each.image) for each in found] == [("1", ""), ("2", "")]


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [
        ("a.xlsx", "openpyxl", "vecbench[xlsx]"),
        ("a.parquet", "pyarrow", "vecbench[parquet]"),
        ("a.eval", "inspect_ai", "vecbench[inspect]"),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch, name, missing, extra):
    if name == "a.parquet":
        parquet_of(tmp_path / name, COLUMNS)
    else:
        zip_bomb(tmp_path / name, ["xl/workbook.xml"] if name == "a.xlsx" else ["header.json"])
    if name == "a.eval":  # as inspect_ai packs: with Zstandard, which Python reads from 3.14 on
        packed = bytearray((tmp_path / name).read_bytes())
        for place in (8, packed.index(b"PK\x01\x02") + 10):
            packed[place] = 93
        (tmp_path / name).write_bytes(packed)
    for module in (missing, f"{missing}.log"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(UsageError) as refused:
        read(tmp_path / name)
    assert extra in refused.value.remedy


@pytest.mark.parametrize("content", [b"{", b"[]"])
def test_an_archive_of_a_log_that_is_broken_is_refused(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "a.eval", "w") as archive:
        archive.writestr("header.json", content)
    with pytest.raises(DataError, match="not a log that inspect_ai can read"):
        read(tmp_path / "a.eval")
