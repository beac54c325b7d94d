"""A dataset repository on the Hub: what is there, and what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vecbench.certificates import require_certificates
from vecbench.engines.secrets import Mask
from vecbench.errors import RunError, UsageError, VecbenchError, some, whole_message
from vecbench.hub.folder import OURS, HubFolder, is_ours

_LEFT = frozenset({".gitattributes"})
"""What the Hub puts into a new repository."""
_NOTHING_SENT = "Nothing was sent"


@dataclass(frozen=True)
class Repository:
    """A dataset ORG/NAME, as somebody may see it.

    Attributes:
        name: Its id.
        exists: Whether it is there.
        private: Whether only its owners see it; of one that is not there, None.
    """

    name: str
    exists: bool
    private: bool | None = None


def open_repository(name: str, *, private: bool, revision: str | None = None) -> Repository:
    """Asks the Hub for a repository; nothing of a run is sent.

    Raises:
        UsageError: There is no token, or none that may see it; the name is none; the repository holds
            something else, or is public and `private` is wanted.
        RunError: The Hub cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    token = _token()
    with _explained(name):
        api = HfApi(token=token)
        api.whoami()
        try:
            info = api.dataset_info(name, timeout=30)
        except RepositoryNotFoundError:
            return Repository(name, exists=False)
        try:
            files = api.list_repo_files(name, repo_type="dataset", revision=revision)
        except RevisionNotFoundError:  # a branch that is made begins as main
            files = api.list_repo_files(name, repo_type="dataset")
    _require_own(name, files)
    if private and not info.private:
        raise UsageError(
            f"the dataset {name} is there and is public, and --private would not change that",
            "Make it private in its settings, or name another one.",
        )
    return Repository(name, exists=True, private=bool(info.private))


def send(folder: HubFolder, repository: Repository, *, private: bool, revision: str | None = None) -> str:
    """Sends a folder as one commit, in the place of what an earlier one sent; the address of the commit."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import RevisionNotFoundError

    with _explained(repository.name):
        api, name = HfApi(token=_token()), repository.name
        if not repository.exists:
            api.create_repo(name, repo_type="dataset", private=private)
        try:
            there = api.list_repo_files(name, repo_type="dataset", revision=revision)
        except RevisionNotFoundError:
            api.create_branch(name, branch=revision or "main", repo_type="dataset")
            there = api.list_repo_files(name, repo_type="dataset", revision=revision)
        old = [CommitOperationDelete(each) for each in there if is_ours(each) and each not in folder.sizes]
        new = [CommitOperationAdd(each, str(folder.path / each)) for each in folder.sizes]
        done = api.create_commit(
            name,
            [*old, *new],
            commit_message=f"Predictions of {len(folder.complete.rows):,} rows",
            repo_type="dataset",
            revision=revision,
        )
    return str(done.commit_url)


def _token() -> str:
    from huggingface_hub import constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise UsageError(
            f"HF_HUB_OFFLINE is set. {_NOTHING_SENT}", "Unset it, or write the files: --dry-run."
        )
    token = get_token()
    if not token:
        raise UsageError(
            f"there is no token for {constants.ENDPOINT}. {_NOTHING_SENT}",
            "Log in with `hf auth login`, or set HF_TOKEN to a token that may write.",
        )
    return token


def _require_own(name: str, files: Sequence[str]) -> None:
    there = set(files) - _LEFT
    if there and not there >= OURS:
        raise UsageError(
            f"the dataset {name} holds something else: {some(sorted(there))}. {_NOTHING_SENT}",
            "Name a repository that is not there yet, or one that vecbench push made.",
        )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Every fault of the client as one line, without its token."""
    from huggingface_hub import errors

    kinds = (
        getattr(errors, "HTTPError", OSError),
        errors.HFValidationError,
        OSError,
        ValueError,
        RuntimeError,
    )
    try:
        yield
    except kinds as fault:
        require_certificates()
        raise _refusal(fault, name) from fault


def _refusal(fault: BaseException, name: str) -> VecbenchError:
    from huggingface_hub import constants, errors, get_token

    if isinstance(fault, errors.HFValidationError):
        return UsageError(f"{name} is no name of a dataset. {_NOTHING_SENT}", "It should be ORG/NAME.")
    status = getattr(getattr(fault, "response", None), "status_code", None)
    if status == 401:
        return UsageError(
            f"{constants.ENDPOINT} does not accept the token. {_NOTHING_SENT}",
            "Make one that may write in the settings of your account, and set HF_TOKEN or `hf auth login`.",
        )
    if status in {403, 404}:
        return UsageError(
            f"the token may not write to {name}. {_NOTHING_SENT}",
            "Name a repository of your own, or take a token that may write there.",
        )
    said = Mask(get_token() or "")(whole_message(fault))
    return RunError(
        f"cannot send {name} to {constants.ENDPOINT}: {said}",
        "A commit is whole or not there: run the same command again.",
    )
