"""The same images in every layout in which people keep them; an image's class is the folder of its name."""

from __future__ import annotations

import base64
import csv
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from vecbench.shipped import tasks_folder

LABELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
Images = Mapping[str, bytes]
"""CLASS/NAME → the bytes of a file."""


def some_images(count: int = 8, labels: Sequence[str] = LABELS) -> Images:
    """So many different images, the classes in turn, in the order of their names."""
    found = {}
    for number in range(count):
        stream = io.BytesIO()
        Image.new("RGB", (16, 16), (number * 5 % 256, number * 53 % 256, number // 256)).save(stream, "PNG")
        found[f"{labels[number % len(labels)]}/{number:05}.png"] = stream.getvalue()
    return dict(sorted(found.items()))


def demo_images(count: int = 40) -> Images:
    """Images of the demo, whose classes are no matter here."""
    files = sorted((tasks_folder() / "demo" / "data" / "images").rglob("*.png"))[:count]
    found = {f"{LABELS[n % len(LABELS)]}/{n:05}.png": path.read_bytes() for n, path in enumerate(files)}
    return dict(sorted(found.items()))


def label_of(name: str) -> str:
    """The class of an image."""
    return name.partition("/")[0]


def write_files(folder: Path, images: Images) -> Path:
    """Every image as a file."""
    for name, data in images.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def class_folders(root: Path, images: Images) -> Path:
    return write_files(root, images)


def split_folders(root: Path, images: Images) -> Path:
    write_files(root / "train", images)
    write_files(root / "test", images)
    return root


def _text(root: Path, name: str, text: str, images: Images) -> Path:
    write_files(root, images)
    (root / name).write_text(text, encoding="utf-8")
    return root


def _separated(sign: str, header: Sequence[str], images: Images) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=sign)
    writer.writerow(header)
    writer.writerows([name, label_of(name)] for name in images)
    return stream.getvalue()


def comma(root: Path, images: Images) -> Path:
    return _text(root, "samples.csv", _separated(",", ["image", "label"], images), images)


def semicolons(root: Path, images: Images) -> Path:
    return _text(root, "samples.csv", _separated(";", ["Image ", " Label"], images), images)


def tabs(root: Path, images: Images) -> Path:
    return _text(root, "samples.tsv", _separated("\t", ["IMAGE", "LABEL"], images), images)


def other_names(root: Path, images: Images) -> Path:
    """With columns that nobody can know: `--columns image=file,label=emotion`."""
    return _text(root, "samples.csv", _separated(",", ["file", "emotion"], images), images)


def json_list(root: Path, images: Images) -> Path:
    rows = [{"image": name, "label": label_of(name)} for name in images]
    return _text(root, "test.json", json.dumps(rows, indent=1), images)


def jsonl(root: Path, images: Images) -> Path:
    rows = [json.dumps({"image": name, "label": label_of(name)}) for name in images]
    return _text(root, "test.jsonl", "\n".join(rows), images)


def llava(root: Path, images: Images) -> Path:
    rows = [
        {
            "id": name,
            "image": name,
            "conversations": [
                {"from": "human", "value": "<image>\nWhich?"},
                {"from": "gpt", "value": label_of(name)},
            ],
        }
        for name in images
    ]
    return _text(root, "test.json", json.dumps(rows), images)


def messages(root: Path, images: Images) -> Path:
    rows = [
        {
            "messages": [
                {"role": "user", "content": "<image>Which?"},
                {"role": "assistant", "content": f"<answer>{label_of(name)}</answer>"},
            ],
            "images": [name],
        }
        for name in images
    ]
    return _text(root, "test.jsonl", "\n".join(map(json.dumps, rows)), images)


def image_folder(root: Path, images: Images) -> Path:
    """ImageFolder with a table in each split's folder."""
    for split in ("train", "test"):
        _text(
            write_files(root / split, images),
            "metadata.csv",
            _separated(",", ["file_name", "label"], images),
            {},
        )
    return root


def base64_table(root: Path, images: Images) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    with (root / "Emotion.tsv").open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t")
        writer.writerow(["index", "image", "question", "answer"])
        for name, data in images.items():
            writer.writerow([name, base64.b64encode(data).decode(), 'What "feeling"\nis it?', label_of(name)])
    return root


def emoset(root: Path, images: Images) -> Path:
    listed = []
    for name in images:
        note = f"annotation/{Path(name).with_suffix('.json')}"
        (root / note).parent.mkdir(parents=True, exist_ok=True)
        (root / note).write_text(json.dumps({"brightness": 0.5}))
        listed.append([label_of(name), name, f"image/{name}", note])
    write_files(root / "image", images)
    (root / "info.json").write_text("{}")
    (root / "test.json").write_text(json.dumps(listed))
    (root / "train.json").write_text(json.dumps(listed[:1]))
    return root


def parquet(root: Path, images: Images, shards: int = 2, rows_in_group: int = 16) -> Path:
    """As `datasets` pushes it: `{bytes, path}`, numbers with the names of a ClassLabel, train beside test."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (root / "data").mkdir(parents=True, exist_ok=True)
    labels = sorted({label_of(name) for name in images})
    features = {"image": {"_type": "Image"}, "label": {"names": labels, "_type": "ClassLabel"}}
    rows = [
        {"image": {"bytes": data, "path": name}, "label": labels.index(label_of(name))}
        for name, data in images.items()
    ]
    kind = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        {"huggingface": json.dumps({"info": {"features": features}})},
    )
    size = -(-len(rows) // shards)
    for number in range(shards):
        part = pa.Table.from_pylist(rows[number * size : (number + 1) * size], schema=kind)
        file = root / "data" / f"test-{number:05}-of-{shards:05}.parquet"
        pq.write_table(part, file, row_group_size=rows_in_group)
    pq.write_table(
        pa.Table.from_pylist(rows[:1], schema=kind), root / "data" / "train-00000-of-00001.parquet"
    )
    return root


def add_member(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Adds a file to a tar."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def tars(root: Path, images: Images, shards: int = 2) -> Path:
    """As webdataset writes them, a text and an object beside each image, train beside test."""
    root.mkdir(parents=True, exist_ok=True)
    names = [*images]
    size = -(-len(names) // shards)
    parts = {f"test-{n:06}.tar": names[n * size : (n + 1) * size] for n in range(shards)}
    for file, part in {**parts, "train-000000.tar": names[:1]}.items():
        with tarfile.open(root / file, "w") as tar:
            for name in part:
                add_member(tar, name, images[name])
                add_member(tar, f"{Path(name).with_suffix('.cls')}", label_of(name).encode())
    return root


LAYOUTS: Mapping[str, Callable[[Path, Images], Path]] = {
    each.__name__: each
    for each in (
        class_folders,
        split_folders,
        comma,
        semicolons,
        tabs,
        other_names,
        json_list,
        jsonl,
        llava,
        messages,
        image_folder,
        base64_table,
        emoset,
        parquet,
        tars,
    )
}
FORMATS = {
    "class_folders": "class folders",
    "split_folders": "class folders",
    "comma": "CSV",
    "semicolons": "CSV with semicolons",
    "tabs": "TSV",
    "other_names": "CSV",
    "json_list": "JSON list",
    "jsonl": "JSONL",
    "llava": "conversations",
    "messages": "conversations",
    "image_folder": "CSV",
    "base64_table": "table with images in base64",
    "emoset": "EmoSet list",
    "parquet": "parquet",
    "tars": "webdataset tar",
}
"""What each is recognised as."""
COLUMNS = {"other_names": {"image": "file", "label": "emotion"}}
