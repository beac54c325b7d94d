import os

import pytest

from vecbench.errors import UsageError, VecbenchError
from vecbench.models import (
    WHOLE_FILE,
    Model,
    adapter_rank,
    base_of,
    is_adapter,
    resolve_model,
    served_model,
    with_adapter,
)
from vecbench.shipped import demo_model


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "my-model"
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(bytes(WHOLE_FILE + 1000))
    return path


def test_a_directory_is_named_after_itself_and_known_by_its_content(checkpoint, tmp_path):
    before = resolve_model(str(checkpoint))
    assert (before.name, before.source) == ("my-model", str(checkpoint))
    moved = checkpoint.rename(tmp_path / "elsewhere")
    assert resolve_model(str(moved)).revision == before.revision


@pytest.mark.parametrize("place", [0, WHOLE_FILE + 999])
def test_other_weights_are_another_revision(checkpoint, place):
    before = resolve_model(str(checkpoint)).revision
    with (checkpoint / "model.safetensors").open("r+b") as weights:
        weights.seek(place)
        weights.write(b"\1")
    assert resolve_model(str(checkpoint)).revision != before


def test_a_directory_without_weights_or_configuration_is_refused(checkpoint):
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="has no weights"):
        resolve_model(str(checkpoint))
    (checkpoint / "config.json").unlink()
    with pytest.raises(UsageError, match=r"has no config\.json"):
        resolve_model(str(checkpoint))


def test_what_loading_never_reads_makes_no_other_model(checkpoint):
    before = resolve_model(str(checkpoint)).revision
    for name in (
        "README.md",
        "LICENSE",
        "training.png",
        "trainer_state.json",
        "optimizer.pt",
        ".gitattributes",
    ):
        (checkpoint / name).write_text("anything")
    assert resolve_model(str(checkpoint)).revision == before
    for name in ("chat_template.jinja", "merges.txt", "modeling_own.py", "tokenizer.json"):
        (checkpoint / name).write_text("anything")
        before, after = resolve_model(str(checkpoint)).revision, before
        assert before != after


def test_a_directory_has_no_revisions(checkpoint):
    with pytest.raises(UsageError, match=r"revision=abc: .* is a directory, which has no revisions"):
        resolve_model(str(checkpoint), "abc")


@pytest.mark.parametrize("name", ["./none", "none", "a/b/c", "~/none", "/none"])
def test_what_is_neither_a_directory_nor_a_model_id_is_refused(name):
    with pytest.raises(UsageError, match="no directory"):
        resolve_model(name)


def test_a_file_is_no_checkpoint(checkpoint):
    with pytest.raises(UsageError, match="is a file"):
        resolve_model(str(checkpoint / "config.json"))


def test_a_model_id_that_cannot_be_found_is_refused(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="nor found on the Hugging Face Hub"):
        resolve_model("nobody/nothing")


def test_an_adapter_makes_another_model_of_the_same_commit(tmp_path):
    base = Model("org/name", "org/name", "abc123")
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(UsageError, match="has no weights") as caught:
        with_adapter(base, str(tmp_path))
    assert "adapter_model.safetensors" in caught.value.remedy
    (tmp_path / "adapter_model.safetensors").write_bytes(b"0")
    adapted = with_adapter(base, str(tmp_path))
    assert adapted.revision.startswith("abc123+adapter:")
    assert adapted.commit == "abc123"
    (tmp_path / "adapter_model.safetensors").write_bytes(b"1")
    assert with_adapter(base, str(tmp_path)).revision != adapted.revision
    with pytest.raises(UsageError, match=r"no adapter_config\.json"):
        with_adapter(base, str(tmp_path / "nowhere"))


def test_a_folder_with_a_model_in_it_is_no_adapter(tmp_path):
    assert not is_adapter(str(tmp_path))
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "org/name"}')
    (tmp_path / "adapter_model.safetensors").write_bytes(b"0")
    (tmp_path / "config.json").write_text("{}")  # some trainers save the model's
    assert is_adapter(str(tmp_path))
    assert base_of(str(tmp_path)) == "org/name"
    (tmp_path / "model.safetensors").write_bytes(b"0")
    assert not is_adapter(str(tmp_path))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{}", "does not say which model"),
        ("[]", "does not say which model"),
        ('{"base_model_name_or_path": null}', "does not say which model"),
        ('{"base_model_name_or_path": " "}', "does not say which model"),
        ("{", "adapter_config"),
    ],
)
def test_an_adapter_that_does_not_say_its_base_is_refused(tmp_path, said, message):
    (tmp_path / "adapter_config.json").write_text(said)
    with pytest.raises(VecbenchError, match=message):
        base_of(str(tmp_path))


@pytest.mark.parametrize(
    ("said", "rank"),
    [('{"r": 8}', 8), ('{"r": 8, "rank_pattern": {"q_proj": 64, "v_proj": 4}}', 64), ("{}", 0), ("[]", 0)],
)
def test_the_rank_of_an_adapter_is_the_highest_of_its_modules(tmp_path, said, rank):
    (tmp_path / "adapter_config.json").write_text(said)
    assert adapter_rank(str(tmp_path)) == rank


def test_a_served_model_has_no_commit_and_the_version_that_it_is_given():
    assert served_model("emo").commit is None
    assert served_model("emo", "v2").revision != served_model("emo").revision


def test_the_bundled_model_is_there_under_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_model("vecbench-nano") == resolve_model(str(demo_model()))
    (tmp_path / "vecbench-nano").mkdir()  # somebody's own is theirs
    with pytest.raises(UsageError, match=r"no config\.json"):
        resolve_model("vecbench-nano")


def test_a_missing_certificate_is_told_where_the_hub_fails_for_it(monkeypatch):
    def fails(*_arguments, **_settings):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fails)
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with pytest.raises(UsageError, match="SSL_CERT_FILE names a file of certificates that is not there"):
        resolve_model("org/name")
    monkeypatch.setenv("SSL_CERT_FILE", __file__)
    monkeypatch.setenv("SSL_CERT_DIR", f"/no/such/folder{os.pathsep}{os.path.dirname(__file__)}")
    with pytest.raises(UsageError, match="nor found on the Hugging Face Hub"):
        resolve_model("org/name")
