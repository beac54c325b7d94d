"""Several models on the same tasks: their names and scores, and whether they saw the same samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vecbench.comparing.pairs import Kind, differences_between
from vecbench.comparing.sides import Side
from vecbench.errors import DataError, UsageError, nearest
from vecbench.metrics.bootstrap import REPLICATES
from vecbench.parsing import Prediction
from vecbench.report.columns import in_words
from vecbench.scoring import STRICT, RowScores, Scores, protocol_named, score, score_responses
from vecbench.scoring.scores import OVERALL
from vecbench.tasks import Catalogue

APART: tuple[Kind, ...] = ("samples", "images", "labels", "protocol")
"""In what two models of a table must not differ for one of them to lead. Prompts and versions of tasks may:
they are part of what is compared, and are noted."""


@dataclass(frozen=True)
class ComparedModel:
    """One line of a table of models."""

    name: str
    side: Side
    scores: Scores

    @cached_property
    def by_task(self) -> Mapping[str, Side]:
        """Task → the side with the rows of that task alone."""
        rows: dict[str, list[Prediction]] = {}
        for row in self.side.rows:
            rows.setdefault(row.task, []).append(row)
        return {name: replace(self.side, rows=tuple(each)) for name, each in rows.items()}

    def side_of(self, tasks: Collection[str]) -> Side:
        """The side with the rows and responses of some tasks."""
        rows = tuple(row for row in self.side.rows if row.task in tasks)
        responses = tuple(each for each in self.side.responses if each.task in tasks)
        return replace(self.side, rows=rows, responses=responses)


@dataclass(frozen=True)
class Block:
    """A task, a group, or all rows: what columns are of.

    Attributes:
        name: Its id; None for all rows.
        heading: Its name in tables.
        is_task: Whether it is a task; a group may have the same id.
    """

    name: str | None
    heading: str
    is_task: bool = False

    def rows(self, scores: Scores) -> RowScores | None:
        """Its rows' scores, pooled; None if there are none."""
        if self.name is None:
            return scores.overall.pooled
        if self.is_task:
            return scores.tasks.get(self.name)
        return scores.groups[self.name].pooled if self.name in scores.groups else None

    def tasks(self, scores: Scores) -> tuple[str, ...]:
        """The tasks that its rows are of."""
        if self.name is None:
            return tuple(scores.tasks)
        if self.is_task:
            return (self.name,) if self.name in scores.tasks else ()
        return scores.groups[self.name].tasks if self.name in scores.groups else ()


def models_of(
    sides: Sequence[Side], catalogue: Catalogue, names: Sequence[str] = (), *, intervals: bool = False
) -> list[ComparedModel]:
    """The models that some sides are of, with their scores; intervals take seconds of a large run.

    Without `names`, models of one name are told apart by their paths.

    Raises:
        UsageError: There are not as many names as sides, or one of them twice.
        DataError: A side has no rows, or sides were read by several protocols.
    """
    for side in sides:
        if not side.rows:
            raise DataError(
                f"{side.path} holds scores without their rows", "Name the run, its responses or predictions."
            )
        if side.is_published and not side.responses:
            raise DataError(
                f"{side.path}: predictions do not hold all that the protocol {side.protocol} scores",
                "Name the responses that they were made from.",
            )
    protocols = {side.protocol or STRICT.name: side.path for side in sides}
    if len(protocols) > 1:
        read = ", ".join(f"{path} under {protocol}" for protocol, path in protocols.items())
        raise DataError(f"the runs were read under several protocols: {read}", "Name the responses of all.")
    if names and len(names) != len(sides):
        raise UsageError(f"there are {len(sides)} runs and {len(names)} names", "Give --name once a run.")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UsageError(f"two runs are named {twice[0]!r}", "Give each a name of its own.")
    shown = names or told_apart(sides)
    scores = [_scores(side, catalogue, intervals=intervals) for side in sides]
    return [ComparedModel(*each) for each in zip(shown, sides, scores, strict=True)]


def _scores(side: Side, catalogue: Catalogue, *, intervals: bool) -> Scores:
    protocol = protocol_named(side.protocol or STRICT.name)
    if protocol.is_published:
        return score_responses(side.responses, protocol, catalogue).scores
    return score(side.rows, protocol.name, catalogue, replicates=REPLICATES if intervals else 0)


def told_apart(sides: Sequence[Side]) -> list[str]:
    """The names of some sides' models, with their paths where a name is that of several."""
    counts = Counter(side.name for side in sides)
    names: list[str] = []
    for side in sides:
        name = side.name
        if counts[name] > 1 and name != str(side.path):
            name = f"{name} ({side.path})"
        same = sum(each == name or each.startswith(f"{name} #") for each in names)
        names.append(f"{name} #{same + 1}" if same else name)
    return names


def blocks_of(models: Sequence[ComparedModel], catalogue: Catalogue, asked: str | None = None) -> list[Block]:
    """What a table of models has columns of: the groups, and tasks without one.

    A group whose tasks have nothing in common that is scored gives way to these.

    Args:
        models: At least one.
        catalogue: Brings the order, and what names mean.
        asked: Ids of tasks, groups and benchmarks with commas between them, and "overall"; None for the usual
            ones.

    Raises:
        UsageError: A name is unknown, or no model has rows of it.
    """
    names = {id_: shown for model in models for id_, shown in model.scores.names.items()}
    if asked is not None:
        return [
            block
            for name in dict.fromkeys(each.strip() for each in asked.split(",") if each.strip())
            for block in _asked(name, models, catalogue, names)
        ]
    tasks = dict.fromkeys(task for model in models for task in model.scores.tasks)
    grouped = {
        name: {
            task
            for model in models
            if name in model.scores.groups
            for task in model.scores.groups[name].tasks
        }
        for name in [*catalogue.groups, *(name for model in models for name in model.scores.groups)]
        if any(name in model.scores.groups for model in models)
    }
    alone = [task for task in tasks if not any(task in each for each in grouped.values())]
    blocks: list[Block] = []
    for name, members in grouped.items():
        group = Block(name, names.get(name, name))
        if any(rows.metrics for model in models if (rows := group.rows(model.scores))):
            blocks.append(group)
        else:
            alone += sorted(members - {*alone})
    blocks += [Block(task, names.get(task, task), is_task=True) for task in alone]
    if protocol_named(models[0].scores.protocol).headline_is_overall:
        blocks.append(Block(None, "Overall"))
    return blocks


def _asked(
    name: str, models: Sequence[ComparedModel], catalogue: Catalogue, names: Mapping[str, str]
) -> Iterator[Block]:
    if name == OVERALL:
        yield Block(None, "Overall")
        return
    task = any(name in model.scores.tasks for model in models)
    if task or any(name in model.scores.groups for model in models):
        yield Block(name, names.get(name, name), is_task=task)
        return
    members = catalogue.groups[name].members if name in catalogue.groups else ()
    found = [block for member in members for block in _members(member, models, catalogue, names)]
    if found:
        yield from found
        return
    if name in catalogue.tasks or name in catalogue.groups:
        raise UsageError(f"--tasks: no run has rows of {name}", "Leave it out, or name another.")
    raise UsageError(
        f"--tasks: unknown task or group {name!r}",
        nearest(name, [*catalogue.tasks, *catalogue.groups, OVERALL]),
    )


def _members(
    name: str, models: Sequence[ComparedModel], catalogue: Catalogue, names: Mapping[str, str]
) -> Iterator[Block]:
    if any(name in model.scores.groups or name in model.scores.tasks for model in models):
        yield from _asked(name, models, catalogue, names)


@dataclass(frozen=True)
class Sameness:
    """In what tasks the models saw the same samples, and what is to be said where they did not.

    Attributes:
        apart: Task → models that differ there from the first that has it → in what, of `APART`.
        notes: On prompts and versions of tasks that differ.
    """

    apart: Mapping[str, Mapping[str, tuple[Kind, ...]]]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, models: Sequence[ComparedModel]) -> Sameness:
        """Task by task, each model beside the first that has rows of it."""
        apart: dict[str, dict[str, tuple[Kind, ...]]] = {}
        noted: dict[tuple[str, str, Kind], list[str]] = {}
        for task in dict.fromkeys(name for model in models for name in model.by_task):
            first, *others = [model for model in models if task in model.by_task]
            for other in others:
                differing = differences_between(first.by_task[task], other.by_task[task])
                if kinds := tuple(kind for kind in APART if kind in differing):
                    apart.setdefault(task, {})[other.name] = kinds
                for kind in differing.keys() - {*APART}:
                    noted.setdefault((other.name, first.name, kind), []).append(task)
        words = {"prompts": "other prompts", "tasks": "another version"}
        return cls(
            apart,
            tuple(
                f"{name} was asked with {words[kind]} of {in_words(tasks)} than {first}."
                for (name, first, kind), tasks in noted.items()
            ),
        )

    def refused(self, block: Block, models: Sequence[ComparedModel]) -> str | None:
        """Why nobody leads in a block; None if the models that have rows of it have the same ones."""
        having = [model for model in models if block.tasks(model.scores)]
        tasks = [{*block.tasks(model.scores)} for model in having]
        for model, own in zip(having, tasks, strict=True):
            if own != tasks[0]:
                lacking = sorted(tasks[0] - own) or sorted(own - tasks[0])
                who = model if tasks[0] - own else having[0]
                return f"{who.name} has no rows of {self._named(lacking, model)}"
        for task in sorted(tasks[0]) if tasks else ():
            for model in having[1:]:
                if kinds := self.apart.get(task, {}).get(model.name):
                    first = next(each.name for each in having if task in each.by_task)
                    what = f"{in_words(kinds)} of {self._named([task], model)}"
                    return f"{model.name} has other {what} than {first}"
        return None

    @staticmethod
    def _named(tasks: Collection[str], model: ComparedModel) -> str:
        return in_words(model.scores.names.get(task, task) for task in tasks)
