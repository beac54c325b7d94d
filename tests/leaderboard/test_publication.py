"""An entry in a leaderboard: kept with what it was made of, replaced on request, recomputed by anyone."""

import hashlib
import json

import pytest

from vecbench.errors import DataError, UsageError
from vecbench.leaderboard import publication
from vecbench.leaderboard.archive import packed, read_members
from vecbench.leaderboard.entry import Entry, read_entries
from vecbench.leaderboard.publication import Recomputed, publish, reverify, unread_files, verified_entry
from vecbench.leaderboard.verification import verify, verify_files
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
DEMO = leaderboards_folder() / "demo"
[HONEST] = (DEMO / "submissions").glob("*.zip")


@pytest.fixture(scope="module")
def verified():
    return verify(HONEST, CATALOGUE)


@pytest.fixture
def entry(verified):
    return verified_entry(verified)


def other_responses(entry, **changes):
    """An entry that differs from another one by its responses."""
    digests = {"submission_sha256": "1" * 64, "responses_sha256": "1" * 64}
    return Entry.model_validate(entry.model_dump(by_alias=True) | digests | changes)


def test_the_shipped_entries_are_what_their_submissions_give():
    assert reverify(DEMO, CATALOGUE) == {HONEST.stem: Recomputed("all")}


def test_a_submission_is_kept_beside_its_entry_and_gives_it_again(entry, verified, tmp_path):
    done = publish(entry, tmp_path, verified.files)
    assert done.submission == tmp_path / "submissions" / f"{done.entry.stem}.zip"
    assert done.submission.read_bytes() == HONEST.read_bytes()
    assert reverify(tmp_path, CATALOGUE) == {done.entry.stem: Recomputed("all")}


def test_an_entry_edited_consistently_is_found_out_by_its_submission(entry, verified, tmp_path):
    done = publish(entry, tmp_path, verified.files)
    said = json.loads(done.entry.read_text())
    said["model"]["name"] = "A better name"
    said["tasks"]["emoji_2"]["metrics"]["auroc"]["value"] += 0.01
    done.entry.write_text(json.dumps(said))
    with pytest.raises(DataError, match="is not what its submission gives: model, tasks differs") as refused:
        reverify(tmp_path, CATALOGUE)
    assert f"check {done.submission} --write {tmp_path}" in refused.value.remedy


def test_a_submission_that_was_changed_is_refused_again(entry, verified, tmp_path):
    done = publish(entry, tmp_path, verified.files)
    files = read_members(done.submission)
    files["responses.jsonl"] = files["responses.jsonl"].replace(b"positive</answer>", b"negative</answer>", 1)
    done.submission.write_bytes(packed(files))
    with pytest.raises(DataError, match=r"responses\.jsonl was changed"):
        reverify(tmp_path, CATALOGUE)


def test_what_takes_the_data_is_told_apart_from_what_the_entry_could_say_by_now(
    entry, verified, tmp_path, monkeypatch
):
    checked = entry.checked.model_copy(update={"sample_ids": False, "images": False})
    modest = entry.model_copy(update={"checked": checked})
    done = publish(modest, tmp_path / "modest", verified.files)
    assert reverify(tmp_path / "modest", CATALOGUE) == {done.entry.stem: Recomputed("more than said")}
    publish(entry, tmp_path / "whole", verified.files)
    monkeypatch.setattr(publication, "verified_entry", lambda *_: modest)
    assert reverify(tmp_path / "whole", CATALOGUE) == {done.entry.stem: Recomputed("without data")}


@pytest.mark.parametrize(
    "spelt", ["reordered", "ended as on Windows", "spaced", "without the last line's end"]
)
def test_the_same_responses_spelt_otherwise_are_the_same(entry, verified, tmp_path, spelt):
    publish(entry, tmp_path, verified.files)
    lines = verified.files["responses.jsonl"].splitlines()
    content = {
        "reordered": b"\n".join(reversed(lines)) + b"\n",
        "ended as on Windows": b"\r\n".join(lines) + b"\r\n",
        "spaced": b"".join(b" %s\n" % line.replace(b'"response": "', b'"response": " ') for line in lines),
        "without the last line's end": b"\n".join(lines),
    }[spelt]
    said = json.loads(verified.files["submission.json"]) | {"name": "Another"}
    said["files"]["responses.jsonl"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    files = dict(verified.files) | {"responses.jsonl": content, "submission.json": json.dumps(said).encode()}
    other = verified_entry(verify_files(files, tmp_path / "other.zip", CATALOGUE))
    assert other.submission_sha256 != entry.submission_sha256
    with pytest.raises(UsageError, match="has these responses already, as vecbench-nano"):
        publish(other, tmp_path)


def test_what_is_neither_entry_nor_the_submission_of_one_is_named(entry, verified, tmp_path):
    done = publish(entry, tmp_path, verified.files)
    assert unread_files(tmp_path) == []
    odd = [tmp_path / "entries" / name for name in ("a.JSON", "a.json.bak", "folder")]
    odd[0].touch(), odd[1].touch(), odd[2].mkdir()
    (tmp_path / "entries" / ".gitkeep").touch()
    orphan = done.submission.with_name("gone-00000000.zip")
    orphan.write_bytes(done.submission.read_bytes())
    assert unread_files(tmp_path) == [*odd, orphan]


def test_without_a_submission_nothing_is_claimed_to_be_recomputed(entry, tmp_path):
    done = publish(entry, tmp_path)
    assert done.submission is None
    assert not (tmp_path / "submissions").exists()
    assert reverify(tmp_path, CATALOGUE) == {done.entry.stem: Recomputed("not kept")}


def test_two_submissions_of_a_model_stand_side_by_side_until_one_replaces_the_other(
    entry, verified, tmp_path
):
    first = publish(entry, tmp_path, verified.files)
    second = publish(other_responses(entry), tmp_path)
    assert second.namesakes == (first.entry.stem,)
    assert set(read_entries(tmp_path)) == {first.entry.stem, second.entry.stem}
    third = publish(
        other_responses(entry, submission_sha256="2" * 64, responses_sha256="2" * 64),
        tmp_path,
        instead_of=first.entry.stem,
    )
    assert third.replaced == (first.entry.stem,)
    assert third.namesakes == (second.entry.stem,)
    assert set(read_entries(tmp_path)) == {second.entry.stem, third.entry.stem}
    assert list((tmp_path / "submissions").iterdir()) == []


def test_a_model_is_renamed_by_replacing_its_entry(entry, verified, tmp_path):
    first = publish(entry, tmp_path, verified.files)
    renamed = Entry.model_validate(entry.model_dump(by_alias=True) | {"model": {"name": "A new name"}})
    second = publish(renamed, tmp_path, verified.files, instead_of=first.entry.stem)
    assert list(read_entries(tmp_path)) == [second.entry.stem]
    assert [path.stem for path in (tmp_path / "submissions").iterdir()] == [second.entry.stem]


@pytest.mark.parametrize("name", ["nobody", "../../secret", "/etc/passwd", ""])
def test_only_an_entry_of_the_board_can_be_replaced(entry, tmp_path, name):
    publish(entry, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="has no entry"):
        publish(other_responses(entry), tmp_path, instead_of=name)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_kept_submission_that_is_a_link_is_refused(entry, verified, tmp_path):
    done = publish(entry, tmp_path, verified.files)
    done.submission.unlink()
    done.submission.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="not a plain file"):
        reverify(tmp_path, CATALOGUE)


def test_a_name_of_the_same_file_takes_no_entrys_place_unasked(entry, tmp_path):
    publish(entry, tmp_path)
    again = publish(entry, tmp_path)
    assert again.replaced == (again.entry.stem,)
    renamed = entry.model_copy(update={"model": entry.model.model_copy(update={"name": "VECBENCH Nano"})})
    with pytest.raises(UsageError, match="has these responses already") as refused:
        publish(renamed, tmp_path)
    assert "--replace" in refused.value.remedy
    assert publish(renamed, tmp_path, instead_of=again.entry.stem).entry == again.entry
