"""A run that somebody watches."""

from __future__ import annotations

from vecbench.cli.console import stderr
from vecbench.cli.counter import Counter
from vecbench.cli.progress import RunProgress
from vecbench.engines import EngineChoice
from vecbench.errors import Interrupted, RunError
from vecbench.run import RunOutcome, run
from vecbench.run.evaluation import RunOptions, evaluation
from vecbench.store import RunDirectory
from vecbench.tasks import Catalogue


def watched_run(options: RunOptions, catalogue: Catalogue, go_on: str) -> tuple[RunDirectory, RunOutcome]:
    """Generates and stores what a run is to have; progress and warnings go to standard error.

    Args:
        options: What it is to do.
        catalogue: Brings the tasks.
        go_on: The remedy of a fault after which it can be gone on with.

    Raises:
        VecbenchError: As for `evaluation` and `run`.
    """
    console = stderr()
    made = evaluation(options, catalogue, Counter(console, "downloading images"), _say_choice)
    plan, directory = made.plan, made.directory
    names = ", ".join(each.task.id for each in plan.tasks)
    console.print(f"{plan.model.name} on {names} → {directory.path}", soft_wrap=True)
    kinds = {each.task.id: each.task.answers for each in plan.tasks}
    try:
        with RunProgress(console, kinds) as progress:
            return directory, run(plan, made.make_engine, directory, progress)
    except (Interrupted, RunError) as fault:
        if not fault.remedy and (isinstance(fault, Interrupted) or directory.has_responses()):
            fault.remedy = go_on
            fault.add_note(go_on)  # for whoever meets the traceback
        raise


def _say_choice(choice: EngineChoice) -> None:
    stderr().print(f"engine: {choice.name}, because {choice.why}", soft_wrap=True)
