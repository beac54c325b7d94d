"""The same 40 images in every layout give byte-equal predictions; what a run says and keeps of its data."""

import json

import pytest
from data_layouts import COLUMNS, LAYOUTS, demo_images

import vecbench
from vecbench.cli import main
from vecbench.samples import open_data
from vecbench.shipped import demo_model

SETTINGS = {"temperature": 0, "max_gen_toks": 24}


def predicted(root, output, columns=None):
    """A run of the demo's model: the bytes of its predictions."""
    vecbench.evaluate(
        demo_model(),
        "emoset_8",
        data=root,
        columns=columns,
        prompt="standard",
        engine="transformers",
        gen_kwargs=SETTINGS,
        output=output,
    )
    return (output / "predictions.jsonl").read_bytes()


@pytest.mark.filterwarnings("ignore:.*answers are not read")  # the model knows other labels than EmoSet's
def test_the_same_images_in_every_layout_give_byte_equal_predictions(tmp_path):
    images = demo_images()
    found = {
        name: predicted(write(tmp_path / name, images), tmp_path / "runs" / name, COLUMNS.get(name))
        for name, write in LAYOUTS.items()
    }
    assert found["comma"].count(b"\n") == len(images) == 40
    assert {name for name, each in found.items() if each != found["comma"]} == set()
    kept = json.loads((tmp_path / "runs" / "other_names" / "run.json").read_text())
    assert kept["columns"] == {"image": "file", "label": "emotion"}
    keys = {
        name: [
            json.loads(line)["key"]
            for line in (tmp_path / "runs" / name / "responses.jsonl").read_text().splitlines()
        ]
        for name in ("comma", "other_names", "parquet")
    }
    assert sorted(keys["comma"]) == sorted(keys["other_names"]) == sorted(keys["parquet"])


@pytest.mark.parametrize("name", ["class_folders", "parquet", "tars"])
def test_data_check_prints_what_was_recognised_first(tmp_path, capsys, name):
    root = LAYOUTS[name](tmp_path / name, demo_images(8))
    with pytest.raises(SystemExit, match="4"):
        main(["data", "check", str(root), "--tasks", "emoset_8"])
    assert capsys.readouterr().out.splitlines()[0] == open_data(root).recognised()
