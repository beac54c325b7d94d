"""What lm-eval gets of data in every format."""

import pytest
from miniature import FORMATS, folder

from vecbench.interop.lm_eval import doc_to_image, load


@pytest.mark.parametrize("name", FORMATS)
def test_lm_eval_gets_the_same_rows_of_every_format(tmp_path, name):
    ours = load("webemo_7", data=str(folder(tmp_path / "plain")), prompt="standard")["test"]
    theirs = load("webemo_7", data=str(FORMATS[name](tmp_path / "data")), prompt="standard")["test"]
    assert theirs["target"] == ours["target"]
    assert theirs["prompt"] == ours["prompt"]
    assert theirs["candidates"] == ours["candidates"]
    for one, other in zip(ours, theirs, strict=True):
        assert doc_to_image(other)[0].tobytes() == doc_to_image(one)[0].tobytes()


@pytest.mark.parametrize("name", FORMATS)
def test_lm_eval_asks_with_the_rows_own_prompt_where_the_format_brings_one(tmp_path, name):
    [prompt] = set(load("webemo_7", data=str(FORMATS[name](tmp_path)))["test"]["prompt"])
    own = name in {"EmoCaliber JSONL", "EmObserver JSON"}
    assert prompt.startswith("Which emotion fits?" if own else "Which emotion might this image evoke?")
