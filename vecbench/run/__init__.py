"""A run: every sample of some tasks, answered by one model, stored as it finishes."""

from vecbench.run.plan import RunPlan, TaskRun, response_key
from vecbench.run.session import RunObserver, RunOutcome, run

__all__ = ["RunObserver", "RunOutcome", "RunPlan", "TaskRun", "response_key", "run"]
