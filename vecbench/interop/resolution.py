"""From rows as files state them to responses: the same rules for every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

from vecbench.answers.written import shown
from vecbench.digests import joined_sha256, sha256_of
from vecbench.errors import UsageError
from vecbench.interop.question import LONGEST_NAME, WITH_OPTIONS, Question, question_of
from vecbench.interop.row import Effect, ResponseFault, StatedRow, UnusableError
from vecbench.samples.targets import as_text
from vecbench.store import MOST_REPEATS, MOST_TOKENS, StoredResponse
from vecbench.store.responses import are_option_scores, is_token_confidence
from vecbench.tasks import Catalogue

_TEXT = (str, NoneType)
_COUNT = (int, NoneType)
_TYPES = {
    **dict.fromkeys(("finish_reason", "image", "image_sha256", "prompt_sha256"), _TEXT),
    **dict.fromkeys(("n_prompt_tokens", "n_output_tokens"), _COUNT),
}
_NO_ATTRIBUTES: Mapping[str, str] = {}
_ONE_IMAGE: tuple[tuple[str, ...], tuple[str | None, ...]] = ((), ())


class Resolution:
    """Makes responses of rows, and remembers what was wrong with them.

    With `retries` a second response to a sample whose first one failed is no fault, as in the log of a run
    that was resumed, nor is the first one that has its options scored; with `several_files` a line's number
    alone does not say which row it is. `profiles` are the prompt profiles that tasks were asked with, where
    that is known; `task` is what rows are of that name none.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        faults: list[ResponseFault],
        *,
        retries: bool = False,
        several_files: bool = False,
        columns: Sequence[str] = (),
        profiles: Mapping[str, str] | None = None,
        task: str | None = None,
    ) -> None:
        self.count = 0
        """Responses so far, those to the same sample included."""
        self.unnamed = 0
        """Of these, those with neither id nor image: their samples are named by their lines."""
        self._catalogue = catalogue
        self._faults = faults
        self._retries = retries
        self._several_files = several_files
        self._columns = columns
        self._profiles = profiles or {}
        self._task = task
        self._questions: dict[tuple[str, tuple[str, ...] | None, str | None], Question] = {}
        self._kinds: dict[str, str] = {}
        self._seen: dict[tuple[str, int], set[str]] = {}
        self._failed: set[tuple[str, str, int]] = set()
        self._scored: set[tuple[str, str, int]] = set()

    def response(self, row: StatedRow) -> StoredResponse | None:
        """The response that a row states; None if it cannot be scored, which is then among the faults."""
        if not row.error:
            row.error = None
        if self._task is not None and row.task != self._task:
            self._name_task(row, self._task)
        try:
            question = self._question(row)
            kind = self._kinds.setdefault(question.task, question.kind.name)
            if kind != question.kind.name:
                raise UnusableError(f"its kind is {question.kind.name}, and {question.task} began as {kind}")
            target = self._target(row, question)
            repeat = _repeat(row)
            images, hashes = _ONE_IMAGE if row.images is None else _several(row)
            _require_types(row)
            named = _sample_id(row, images)
            sample_id = named or self._line(row)
            if row.error is None and not row.has_response:
                raise UnusableError("no response, and no error either")
        except UnusableError as unusable:
            self._report(row, "not scored", str(unusable))
            return None
        text, error = self._text_or_error(row)
        self.count += 1
        self.unnamed += named is None
        if text is None:
            self._failed.add((question.task, sample_id, repeat))
        elif self._failed:
            self._failed.discard((question.task, sample_id, repeat))
        self._watch_for_repetition(row, question.task, sample_id, repeat, failed=text is None)
        return StoredResponse(
            row.key if type(row.key) is str else _key(question.task, sample_id, repeat, target, text),
            question.task,
            sample_id,
            repeat,
            target,
            question.candidates,
            row.image or "",
            row.image_sha256,
            row.prompt_sha256 or "",
            text,
            row.finish_reason if error is None else None,
            error,
            row.n_prompt_tokens,
            row.n_output_tokens,
            question.kind.name,
            images,
            hashes,
            _NO_ATTRIBUTES
            if not (question.subsets or self._columns or "attributes" in row.values)
            else _attributes(row, question, self._columns),
            row.target if row.target != target and type(row.target) is str else None,
            self._profiles.get(question.task),
            _prompt(row) if question.kind.name == WITH_OPTIONS else None,
            *_reasoning(row.values),
            *_probabilities(row.values, question.candidates),
        )

    @property
    def failed(self) -> int:
        """Samples and repeats so far whose last response is a failure: an error, or nothing."""
        return len(self._failed)

    def responses(self) -> dict[str, int]:
        """Task id → samples so far, each repeat counted, that have a response or have failed."""
        counts = Counter({task: 0 for task, _ in self._seen})
        for (task, _), ids in self._seen.items():
            counts[task] += len(ids)
        counts.update(task for task, sample, repeat in self._failed if sample not in self._seen[task, repeat])
        return dict(counts)

    def samples(self) -> dict[str, int]:
        """Task id → samples so far that have a first response."""
        return {task: len(ids) for (task, repeat), ids in self._seen.items() if repeat == 0}

    def _name_task(self, row: StatedRow, task: str) -> None:
        """Says what task a row is of that names none, or none that is known."""
        known = self._catalogue.task_named(row.task) if type(row.task) is str else None
        if known is not None and known.id != task:
            raise UsageError(
                f"{row.file}, line {row.line}: it names the task {shown(row.task)}, and --task says {task}",
                "--task is for rows that name no task: leave it out.",
            )
        row.task = task

    def _question(self, row: StatedRow) -> Question:
        candidates = tuple(row.candidates) if type(row.candidates) is list else row.candidates
        asked = row.task, candidates, row.kind
        try:
            question = self._questions[asked]
        except (KeyError, TypeError):  # TypeError: one of them is no text, and cannot be looked up
            question = question_of(row, self._catalogue)
            self._questions[asked] = question
        return question if question.is_closed else question.of(row)

    def _target(self, row: StatedRow, question: Question) -> Any:
        target = row.target
        if type(target) is str:
            found = question.known.get(target)
            if found is not None:
                return found
        elif target is None:
            raise UnusableError("no target")
        try:
            return question.target(target)
        except ValueError as fault:
            problem = f"{fault} of {question.task}".replace(f"{target!r:.60}", shown(target), 1)
        try:
            question.kind.load(target)
        except ValueError:
            if row.error is not None and type(target) is str:
                return target  # what a run could not use is a text in its responses
            raise UnusableError(f"the target is {shown(target)}, not a {question.kind.name}") from None
        if row.error is None:  # a failed sample has its reason already
            if not question.kind.has_confusion:  # its metrics would take the impossible value for the truth
                raise UnusableError(problem)
            self._report(row, "counts as wrong", problem)
        return target

    def _line(self, row: StatedRow) -> str:
        return f"{row.file.name}:{row.line}" if self._several_files else f"line {row.line}"

    def _text_or_error(self, row: StatedRow) -> tuple[str | None, str | None]:
        if row.error is not None:
            if row.response:
                problem = f"it has a response and an error, and the error outweighs it: {shown(row.error)}"
                self._report(row, "counts as wrong", problem)
            return None, row.error if type(row.error) is str else shown(row.error)
        if type(row.response) is str:
            return row.response, None
        if row.response is None:
            return None, None
        problem = f"the response is {shown(row.response)}, not a text"
        self._report(row, "counts as wrong", problem)
        return None, problem

    def _watch_for_repetition(
        self, row: StatedRow, task: str, sample_id: str, repeat: int, *, failed: bool
    ) -> None:
        seen = self._seen.setdefault((task, repeat), set())
        asked = task, sample_id, repeat
        # A run that goes on with scored options asks again for the lines that lack them.
        if self._retries and row.values.get("option_log_probabilities") and asked not in self._scored:
            self._scored.add(asked)
            seen.discard(sample_id)
        if sample_id in seen:
            problem = f"{task} has a response {repeat} to the sample {shown(sample_id)} already"
            self._report(row, "given again", problem)
        elif not (failed and self._retries):
            seen.add(sample_id)

    def _report(self, row: StatedRow, effect: Effect, problem: str) -> None:
        self._faults.append(ResponseFault(row.file, row.line, effect, problem))


def _attributes(row: StatedRow, question: Question, columns: Sequence[str]) -> Mapping[str, str]:
    """What scores are broken down by: what a stored response says, or else the row's columns."""
    stated = row.values.get("attributes")
    stored = stated if isinstance(stated, dict) else {}
    there = [name for name in columns if name in stored or name in row.values]
    names = [*(question.subsets or stored), *there]
    return {name: as_text(stored.get(name, row.values.get(name))) for name in names}


def _prompt(row: StatedRow) -> str | None:
    prompt = row.values.get("prompt")
    return prompt if type(prompt) is str else None


def _sample_id(row: StatedRow, images: Sequence[str]) -> str | None:
    given = row.sample_id
    if type(given) is str and given:
        return given
    if type(given) is int:
        return str(given)
    if given is not None:
        raise UnusableError(f"the sample id is {shown(given)}")
    named = " + ".join(images) if images else row.image
    if type(named) is str and 0 < len(named) <= LONGEST_NAME and not named.startswith("data:"):
        return named
    return None


def _reasoning(values: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """What a run of ours stored beside the response; another program may call anything so."""
    text, tokens = values.get("reasoning"), values.get("n_reasoning_tokens")
    return text if type(text) is str else None, tokens if type(tokens) is int else None


def _probabilities(
    values: Mapping[str, Any], candidates: Sequence[str]
) -> tuple[Mapping[str, float] | None, tuple[float, ...]]:
    """What a run of ours stored of the model's own probabilities; nothing of what another means by that."""
    token, options = values.get("token_confidence"), values.get("option_log_probabilities")
    scores = tuple(options) if isinstance(options, list) and are_option_scores(options, candidates) else ()
    return token if is_token_confidence(token) else None, scores


def _repeat(row: StatedRow) -> int:
    if row.repeat is None:
        return 0
    if type(row.repeat) is not int or not 0 <= row.repeat < MOST_REPEATS:
        raise UnusableError(f"repeat is {shown(row.repeat)}, not a count")
    return row.repeat


def _several(row: StatedRow) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    """The paths and the hashes of several images; none where there is one, which then is `image`."""
    images, hashes = row.images, row.values.get("images_sha256")
    if type(images) is not list or not all(type(each) is str for each in images):
        raise UnusableError(f"images is {shown(images)}, not a list of texts")
    if hashes is None:
        hashes = [None] * len(images)
    if type(hashes) is not list or len(hashes) != len(images) or {type(each) for each in hashes} - {*_TEXT}:
        raise UnusableError(f"images_sha256 is {shown(hashes)}, not a hash for every image")
    if row.image is None and images:
        row.image = images[0]
    if row.image_sha256 is None:
        row.image_sha256 = joined_sha256(hashes)
    return (tuple(images), tuple(hashes)) if len(images) > 1 else _ONE_IMAGE


def _require_types(row: StatedRow) -> None:
    for name, kinds in _TYPES.items():
        value = getattr(row, name)
        if type(value) not in kinds or (type(value) is int and not 0 <= value < MOST_TOKENS):
            raise UnusableError(f"{name} is {shown(value)}, not a {'text' if kinds is _TEXT else 'count'}")


def _key(task: str, sample_id: str, repeat: int, target: Any, text: str | None) -> str:
    return sha256_of(f"{task}\0{sample_id}\0{repeat}\0{target}\0{text}")
