"""An entry in a leaderboard: kept with what it was made of, replaced on request, recomputed by anyone."""

import json

import pytest

from vecbench.errors import DataError, UsageError
from vecbench.leaderboard.archive import packed, read_members
from vecbench.leaderboard.entry import Entry, read_entries
from vecbench.leaderboard.publication import publish, reverify, verified_entry
from vecbench.leaderboard.verification import verify
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
    return Entry.model_validate(entry.model_dump(by_alias=True) | {"submission_sha256": "1" * 64} | changes)


def test_the_shipped_entries_are_what_their_submissions_give():
    assert reverify(DEMO, CATALOGUE) == {HONEST.stem: True}


def test_a_submission_is_kept_beside_its_entry_and_gives_it_again(entry, verified, tmp_path):
    done = publish(entry, tmp_path, verified.files)
    assert done.submission == tmp_path / "submissions" / f"{done.entry.stem}.zip"
    assert done.submission.read_bytes() == HONEST.read_bytes()
    assert reverify(tmp_path, CATALOGUE) == {done.entry.stem: True}


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


def test_what_was_checked_with_the_data_is_not_denied_without_it(entry, verified, tmp_path):
    checked = entry.checked.model_copy(update={"images": False})
    done = publish(entry.model_copy(update={"checked": checked}), tmp_path, verified.files)
    assert reverify(tmp_path, CATALOGUE) == {done.entry.stem: False}


def test_without_a_submission_nothing_is_claimed_to_be_recomputed(entry, tmp_path):
    done = publish(entry, tmp_path)
    assert done.submission is None
    assert not (tmp_path / "submissions").exists()
    assert reverify(tmp_path, CATALOGUE) == {done.entry.stem: None}


def test_two_submissions_of_a_model_stand_side_by_side_until_one_replaces_the_other(
    entry, verified, tmp_path
):
    first = publish(entry, tmp_path, verified.files)
    second = publish(other_responses(entry), tmp_path)
    assert second.namesakes == (first.entry.stem,)
    assert set(read_entries(tmp_path)) == {first.entry.stem, second.entry.stem}
    third = publish(other_responses(entry, submission_sha256="2" * 64), tmp_path, instead_of=first.entry.stem)
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
    with pytest.raises(DataError, match="no plain file"):
        reverify(tmp_path, CATALOGUE)
