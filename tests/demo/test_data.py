"""The demo's data as it lies in the repository: complete, small, and without a test emoji in training."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from tools.demo.dataset import SAMPLE_COLUMNS
from tools.demo.labels import EMOTIONS, SENTIMENTS, base_emoji, skin_tones
from tools.demo.notice import NOTICE
from tools.demo.selection import EVALUATED_VARIANTS
from vecbench.samples.images import decode_image, read_image

DATA = Path(__file__).parents[2] / "tasks" / "demo" / "data"
LABELS = {"emoji_2": SENTIMENTS, "emoji_7": EMOTIONS, "fluent_7": EMOTIONS}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (DATA / "samples.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        assert reader.fieldnames == list(SAMPLE_COLUMNS)
    return rows


def test_there_are_enough_rows_of_every_label(rows):
    assert len(rows) >= 300
    counts = Counter((row["task"], row["label"]) for row in rows)
    assert set(counts) == {(task, label) for task, labels in LABELS.items() for label in labels}
    assert min(counts.values()) >= 5


def test_the_rows_are_sorted_and_their_ids_unique(rows):
    keys = [(row["task"], row["id"]) for row in rows]
    assert keys == sorted(set(keys))


def test_the_folder_is_small_and_holds_the_named_images_only(rows):
    files = [path for path in DATA.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 3_000_000
    images = {path.relative_to(DATA).as_posix() for path in files if path.parent != DATA}
    assert images == {row["image"] for row in rows}


def test_every_image_is_64_pixels_each_way(rows):
    for image in {row["image"] for row in rows}:
        assert decode_image(read_image(DATA, image)).size == (64, 64)


def test_the_emoji_column_is_the_base_emoji(rows):
    for row in rows:
        artwork, _, code_points = row["id"].partition("-")
        assert base_emoji(code_points) == row["emoji"]
        assert Path(row["image"]).parts[1:2] == (artwork,)
        assert Path(row["image"]).stem == code_points
        assert len(set(skin_tones(code_points))) <= 1


def test_no_emoji_has_many_images(rows):
    counts = Counter((row["task"], row["emoji"], row["image"].split("/")[1]) for row in rows)
    assert max(counts.values()) <= EVALUATED_VARIANTS


def test_an_emoji_has_one_label_in_all_emotion_tasks(rows):
    labels = {(row["emoji"], row["label"]) for row in rows if row["task"] != "emoji_2"}
    assert len(labels) == len({emoji for emoji, _ in labels})


def test_both_emotion_tasks_ask_about_the_same_emoji(rows):
    inside, outside = (
        {row["emoji"] for row in rows if row["task"] == task} for task in ("emoji_7", "fluent_7")
    )
    assert outside == inside


def test_the_notice_names_every_source():
    notice = (DATA / "NOTICE").read_text(encoding="utf-8")
    assert notice == NOTICE
    for source in (
        "emoji-datasource-google@16.0.0",
        "emoji-datasource-twitter@16.0.0",
        "@lobehub/fluent-emoji-3d@1.1.0",
        "emoji-emotion@3.0.1",
        "emojibase-data@17.0.0",
        "Apache License 2.0",
        "CC-BY 4.0",
        "Twitter, Inc and other contributors",
        "Microsoft Corporation",
        "Titus Wormer",
        "Miles Johnson",
        "Unicode License V3",
    ):
        assert source in notice
    for artwork in ("noto", "twemoji", "fluent"):
        assert re.search(rf"^images/{artwork}$", notice, re.MULTILINE)
