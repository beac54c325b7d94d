"""The functions that `import vecbench` offers; `vecbench` itself imports them when they are asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from vecbench.comparing import Comparison
    from vecbench.scoring import Scores
    from vecbench.stored_run import Run
    from vecbench.tasks import Catalogue

AnyPath = str | os.PathLike[str]


def score_confidences(
    confidence: Iterable[float | None],
    correct: Iterable[bool],
    images: Iterable[Hashable] | None = None,
    *,
    replicates: int = 10_000,
    seed: int = 0,
) -> Scores:
    """Scores stated confidences against whether the answers were right.

    Every metric is there with the interval that `vecbench score` prints for a task with these rows, to the
    last digit; only F1 is not, which takes the answers. Arguments are lists, arrays, Series or tensors with
    one entry a row, taken in their order: an index is not looked at.

    Args:
        confidence: Shape (n,), in [0, 1], and not percent; None or nan where a row states none: the row then
            counts for accuracy and coverage, and for no metric of confidences.
        correct: Shape (n,), boolean: whether each answer is right. An answer that cannot be read is wrong.
        images: Shape (n,): what each row shows, as anything that can be hashed. Rows that show the same
            depend on each other: they are drawn together, and intervals are as much wider. None, for all rows
            or for one: what it shows is its own.
        replicates: Of the bootstrap and of the consistency test; 10,000 as on the command line, 0 for values
            without what these two say.
        seed: Of their draws; the same seed gives the same intervals.

    Returns:
        The scores; `to_frame` has a row a metric, `overall.pooled.metrics` each by its key. Equal confidences
        are one point to every metric. A metric without a value says why, such as AUROC where all are right.

    Raises:
        ValueError: Lengths differ, there are no rows, a confidence lies outside [0, 1] or is no number, or
            correct is not boolean; the message names the first such row, counted from 0. Or replicates are
            negative.

    >>> import vecbench
    >>> scores = vecbench.score_confidences(
    ...     confidence=[0.95, 0.9, 0.9, 0.8, 0.7, None], correct=[True, True, False, True, False, True]
    ... )
    >>> frame = scores.to_frame().set_index("metric")
    >>> frame.loc[["accuracy", "coverage", "ece"], ["value", "n"]].round(3)
              value  n
    metric
    accuracy  0.667  6
    coverage  0.833  6
    ece       0.330  5
    """
    from vecbench.scoring.confidences import confidence_scores

    return confidence_scores(confidence, correct, images, replicates=replicates, seed=seed)


def score(
    source: AnyPath | DataFrame,
    protocol: str = "strict",
    *,
    by: str | Iterable[str] = (),
    confidence: str | Iterable[str] = (),
    sentences: bool = True,
    confidence_scale: int | None = None,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    control: AnyPath | Iterable[AnyPath] = (),
    include_path: AnyPath | Iterable[AnyPath] = (),
) -> Scores:
    """Scores responses that are stored already, as `vecbench score` does; nothing is written.

    Args:
        source: One of

            - a run's directory, or a `Run`;
            - a file or folder that another program wrote: docs/responses.md lists them;
            - JSONL, a JSON list, CSV, TSV, xlsx or Parquet with one response a row;
            - a DataFrame with one response a row, its columns named as the keys of plain JSONL: task, target
              and response, and where they are known sample_id (or id), candidates, repeat, error, image,
              image_sha256;
            - a DataFrame with the columns confidence and correct alone: see `score_confidences`.
        protocol: How responses are read and scored: "strict", "emocaliber" or "emobserver".
        by: What scores are broken down by, beside what task files name: "answer" and "target", of answers
            that are one of a few classes, or columns of the data, such as ["answer", "split"].
        confidence: Sources of confidence that are held against each other, such as ["stated", "token"], or
            "all" that there are: docs/which-confidence.md. `to_frame` has their scores by `source`.
        sentences: Whether an answer counts that stands in a sentence and in no field.
        confidence_scale: What confidences are stated up to: 1, 10 or 100; None for what the tasks say, or 1.
        task: The task of rows that name none.
        columns: Field → the column that holds it, such as {"response": "output", "target": "gold"}.
        control: Controls of the run, see `evaluate`: what confidence owes to the image (docs/controls.md).
        include_path: Folders with task files of one's own.

    Returns:
        The scores of every task, group, and everything: `to_frame` has them in a table, a breakdown's and a
        control's by `subset`. A sample without a readable answer is wrong.

    Warns:
        UserWarning: Samples failed or are missing, or rows, answers or confidences could not be read: how
            many, and why.

    Raises:
        UsageError: There is nothing to read, or nothing that is known, or no such protocol, breakdown,
            source, task or column, or no control of the run.
        DataError: A file cannot be read, none of its rows can be used, the candidates of a row are not
            those of its task, or a control differs in more than what it shows.
        TypeError: The source is neither a path nor a DataFrame.

    >>> import pandas as pd
    >>> import vecbench
    >>> rows = pd.DataFrame({
    ...     "task": "fi_2",
    ...     "id": [1, 2, 3],
    ...     "target": ["positive", "negative", "negative"],
    ...     "response": [
    ...         "<answer>positive</answer><confidence>0.9</confidence>",
    ...         "Answer: positive, confidence: 60%",
    ...         '{"answer": "negative", "confidence": 0.7}',
    ...     ],
    ... })
    >>> frame = vecbench.score(rows).to_frame()
    >>> frame[(frame.scope == "task") & frame.metric.isin(["accuracy", "coverage"])].round(3)[
    ...     ["name", "metric", "value", "low", "high", "n"]
    ... ]
       name    metric  value    low   high  n
    0  fi_2  accuracy  0.667  0.208  0.939  3
    3  fi_2  coverage  1.000  0.439  1.000  3
    """
    from vecbench.errors import UsageError
    from vecbench.interop.frame import NAME, open_frame
    from vecbench.interop.reading import open_responses
    from vecbench.interop.scored import scored_source, warn_of_losses
    from vecbench.scoring import protocol_named, protocol_with

    way = protocol_named(protocol_with(protocol, sentences=sentences, confidence_scale=confidence_scale))
    catalogue = _catalogue(include_path, source)
    by = [by] if isinstance(by, str) else [*by]
    controls = _folders(control)
    if controls and not isinstance(source, str | os.PathLike):
        raise UsageError("control is of a run, and a DataFrame is none", "Name the directory of the run.")
    sources = (
        [each for each in confidence.split(",") if each] if isinstance(confidence, str) else [*confidence]
    )
    if isinstance(source, str | os.PathLike):
        name, opened = (
            os.fspath(source),
            open_responses(Path(source), catalogue, by, task=task, names=columns),
        )
    elif {*_frame(source).columns} != {"confidence", "correct"}:
        name, opened = NAME, open_frame(source, catalogue, columns=by, task=task, names=columns)
    elif way.is_published or by or sources:
        of_what = f"by={by}" if by else f"confidence={sources}"
        asked = f"the protocol {protocol} reads" if way.is_published else f"{of_what} is of"
        raise UsageError(f"{asked} responses, and the {NAME} has none", "Leave it out.")
    else:
        return score_confidences(source["confidence"], source["correct"])
    complete = scored_source(opened, way, catalogue, by=by)
    warn_of_losses(opened, name, complete.reading)
    scores = complete.scores
    if sources:
        from vecbench.comparing.source_scores import with_sources

        scores = with_sources(complete, sources, catalogue).scores
    if controls:
        from vecbench.controls.report import control_reports
        from vecbench.controls.scored import with_reports

        scores = with_reports(scores, control_reports(Path(name), controls, way.name, catalogue))
    return scores


def compare(
    baseline: AnyPath | DataFrame,
    candidate: AnyPath | DataFrame,
    *,
    protocol: str | None = None,
    allow: str | Iterable[str] = (),
    replicates: int | None = None,
    seed: int = 0,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    include_path: AnyPath | Iterable[AnyPath] = (),
) -> Comparison:
    """Compares two models on the same samples, as `vecbench compare` does.

    Args:
        baseline: What was there before: all that `score` takes, but for confidences alone; predictions.jsonl
            and scores.json too.
        candidate: What is to replace it.
        protocol: How responses are read; None for "strict", and for whatever predictions and scores say.
        allow: What the sides may differ in: samples (the common ones are compared), images, labels, prompts,
            tasks, protocol.
        replicates: Of the paired bootstrap, at least 100; None for 10,000, or fewer where those take too
            long.
        seed: Of its draws.
        task: The task of rows that name none, on either side.
        columns: Field → the column that holds it, on either side that is no run.
        include_path: Folders with task files of one's own.

    Returns:
        The change of every metric, candidate − baseline, with its 95 % interval and the p value of a paired
        test: `to_frame` has them in a table, `flips` the samples that changed between right and wrong,
        `notes` what must be known to read them.

    Raises:
        UsageError: There is nothing to read, or no such protocol or kind of difference.
        DataError: A file cannot be read, the sides differ in something that is not allowed, or have nothing
            in common.

    >>> import pandas as pd
    >>> import vecbench
    >>> truth = ["positive", "negative"] * 40
    >>> rows = pd.DataFrame({"task": "fi_2", "id": range(80), "target": truth})
    >>> before = rows.assign(response=["positive"] * 80)
    >>> after = rows.assign(response=truth[:60] + ["negative"] * 20)
    >>> frame = vecbench.compare(before, after).to_frame().set_index(["scope", "metric"])
    >>> frame.loc[("task", "accuracy"), ["baseline", "candidate", "change"]].to_dict()
    {'baseline': 0.5, 'candidate': 0.875, 'change': 0.375}
    >>> bool(frame.loc[("task", "accuracy"), "p"] < 0.001)
    True
    """
    from vecbench import comparing
    from vecbench.errors import UsageError
    from vecbench.scoring import STRICT, protocol_named

    protocol_named(protocol or STRICT.name)
    allowed = comparing.allowed_kinds([allow] if isinstance(allow, str) else allow)
    if replicates is not None and replicates < 100:
        raise UsageError(f"replicates={replicates} are too few for an interval", "At least 100 are expected.")
    catalogue = _catalogue(include_path, baseline, candidate)
    given = [
        Path(each) if isinstance(each, str | os.PathLike) else _frame(each) for each in (baseline, candidate)
    ]
    before, after = comparing.both_sides(given, protocol, catalogue, allowed, task=task, names=columns)
    return comparing.compare(before, after, catalogue, allow=allowed, replicates=replicates, seed=seed)


def evaluate(
    model: AnyPath,
    tasks: str | Iterable[str],
    *,
    data: AnyPath | None = None,
    columns: Mapping[str, str] | None = None,
    engine: str = "auto",
    model_args: Mapping[str, Any] | None = None,
    prompt: str | None = None,
    limit: int | None = None,
    repeats: int = 1,
    seed: int = 0,
    gen_kwargs: Mapping[str, Any] | None = None,
    system_prompt: str | None = None,
    token_confidence: bool | None = None,
    score_options: bool = False,
    control: str | None = None,
    corrupt: str | None = None,
    output: AnyPath | None = None,
    include_path: AnyPath | Iterable[AnyPath] = (),
) -> Run:
    """Evaluates a model, as `vecbench run` does: generates, stores every answer, scores.

    What is stored already is not generated again: the same call goes on with a run that was stopped. Progress
    and warnings go to standard error.

    Args:
        model: A checkpoint directory, a Hugging Face model id, or the name that an endpoint serves.
        tasks: Tasks, groups or benchmarks: ids, or one text with commas between them.
        data: A folder with images and a table, a table, or a dataset on the Hugging Face Hub; None for what
            the tasks bring.
        columns: What the data calls its columns, such as {"image": "file", "label": "emotion"}.
        engine: "auto", "vllm", "transformers" or "openai".
        model_args: Arguments of the engine, such as {"batch_size": 8, "dtype": "bfloat16"} (docs/engines.md).
        prompt: Prompt profile instead of each task's own.
        limit: Samples of each task, at least 1; None for all.
        repeats: Answers to each sample, at least 1; more than one takes a temperature above 0.
        seed: Seeds every answer, together with its sample.
        gen_kwargs: Generation settings instead of each task's own, such as {"temperature": 0.7}.
        system_prompt: What a system turn before every question says; None for no such turn.
        token_confidence: Whether the probabilities of the answer's tokens are asked for; None: of an endpoint
            not, which may refuse it or charge for it.
        score_options: Whether the model is asked for the probability of every label or letter too, beside its
            written answer; the engines vllm and transformers can.
        control: What is shown in place of every image: "blank", "grey" or "shuffled".
        corrupt: How every image is made worse, such as "gaussian_noise:3" (docs/controls.md).
        output: The run's directory; None for results/MODEL/TASKS, and @CONTROL behind it.
        include_path: Folders with task files of one's own.

    Returns:
        The run. Its directory holds what `vecbench run` writes: responses, predictions, scores, figures,
        summary.

    Warns:
        UserWarning: Samples failed: how many; they count as wrong.

    Raises:
        UsageError: Something that is asked for does not exist or contradicts itself, or the directory holds a
            run of another configuration.
        DataError: The samples cannot be used.
        RunError: The engine or the disk failed; what was finished is stored.
        Interrupted: Somebody stopped it (Ctrl-C); what was finished is stored.

    >>> import vecbench
    >>> from vecbench.shipped import demo_model
    >>> run = vecbench.evaluate(model=demo_model(), tasks=["emoji_7"], limit=20, output="results/demo")
    >>> run
    <Run results/demo: vecbench-nano on emoji_7, complete>
    >>> run.scores()
    <Scores of emoji_7: 20 rows>
    """
    from vecbench.interop.reading import open_responses
    from vecbench.interop.scored import scored_source, warn_of_losses
    from vecbench.progress import Terminal
    from vecbench.report.files import write_results
    from vecbench.run.evaluation import RunOptions
    from vecbench.run.evaluation import evaluate as generated
    from vecbench.scoring import STRICT
    from vecbench.stage import Stage
    from vecbench.stored_run import stored_run

    folders = _folders(include_path)
    catalogue = _catalogue(folders)
    options = RunOptions(
        model=os.fspath(model),
        tasks=tasks if isinstance(tasks, str) else ",".join(tasks),
        engine=engine,
        arguments=model_args,
        data=None if data is None else os.fspath(data),
        columns=columns,
        prompt=prompt,
        generation=gen_kwargs,
        limit=limit,
        repeats=repeats,
        seed=seed,
        output=None if output is None else Path(output),
        system_prompt=system_prompt,
        token_confidence=token_confidence,
        control=control,
        corrupt=corrupt,
        score_options=score_options,
    )
    directory, _ = generated(options, catalogue, Terminal(), go_on="The same call goes on with it.")
    catalogue = _catalogue(folders, directory.path)
    source = open_responses(directory.path, catalogue)
    with Stage("scoring", "scored"):
        complete = scored_source(source, STRICT, catalogue)
        write_results(complete, source, directory)
    warn_of_losses(source, directory.path, complete.reading)
    return stored_run(directory.path, folders)


def load_run(path: AnyPath, *, include_path: AnyPath | Iterable[AnyPath] = ()) -> Run:
    """Opens a run that `vecbench run` or `evaluate` has stored.

    Args:
        path: Its directory.
        include_path: Folders with task files of one's own, if its tasks are defined there.

    Returns:
        The run: `predictions` and `responses` are DataFrames, `manifest` says what was run, `scores` has the
        scores.

    Raises:
        UsageError: There is no such directory, or no run in it.
        DataError: Its run.json cannot be understood.

    >>> import vecbench
    >>> run = vecbench.load_run("results/demo")
    >>> run.predictions().columns.tolist()  # doctest: +NORMALIZE_WHITESPACE
    ['task', 'sample_id', 'repeat', 'kind', 'target', 'answer', 'answer_status', 'confidence',
     'confidence_status', 'right']
    """
    from vecbench.stored_run import stored_run

    return stored_run(Path(path), _folders(include_path))


def _frame(given: DataFrame) -> DataFrame:
    """What was given, if that is a DataFrame; where nobody has imported pandas, nothing is.

    Raises:
        TypeError: It is none.
    """
    pandas = sys.modules.get("pandas")
    is_one: bool = pandas is not None and isinstance(given, pandas.DataFrame)
    if not is_one:
        raise TypeError(f"a path or a pandas DataFrame is expected, not {type(given).__name__}")
    return given


def _folders(include_path: AnyPath | Iterable[AnyPath]) -> list[Path]:
    listed = [include_path] if isinstance(include_path, str | os.PathLike) else include_path
    return [Path(each) for each in listed]


def _catalogue(include_path: AnyPath | Iterable[AnyPath], *sources: Any) -> Catalogue:
    """The tasks of folders, and what those sources that are runs have kept."""
    from vecbench.store.kept_tasks import with_kept_tasks
    from vecbench.tasks import load_catalogue

    runs = [Path(each) for each in sources if isinstance(each, str | os.PathLike)]
    return with_kept_tasks(load_catalogue(_folders(include_path)), runs)
