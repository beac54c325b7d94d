"""The manifest of a run: what it is to be, joined with what its directory holds already."""

from __future__ import annotations

from collections.abc import Mapping

from vecbench.digests import sha256_of
from vecbench.errors import UsageError
from vecbench.run.plan import RunPlan, TaskRun
from vecbench.store import Manifest, RunDirectory, SamplingRecord, TaskRecord
from vecbench.store.manifest import ModelRecord, hardware, now, package_versions


def manifest_of(plan: RunPlan, samples: Mapping[str, int], directory: RunDirectory) -> Manifest:
    """The manifest with which a run begins or goes on, whose tasks have so many samples each.

    Raises:
        UsageError: The directory holds a run of another configuration, or no run's files.
    """
    fresh = Manifest(
        status="running",
        model=ModelRecord(name=plan.model.name, revision=plan.model.revision),
        tasks={each.task.id: _task_record(each, samples[each.task.id], plan) for each in plan.tasks},
        pixel_limits=dict(plan.pixel_limits),
        answer_settings=dict(plan.answer_settings),
        columns={ours: name for each in plan.tasks for ours, name in each.data.columns.items()},
        control=plan.control,
        seed=plan.seed,
        limit=plan.limit,
        repeats=plan.repeats,
        started=now(),
        packages=package_versions(),
        hardware=hardware(),
    )
    stored = directory.read_manifest()
    if stored is None:
        others = next((path for path in directory.written_later if path.exists()), None)
        if others is not None:
            raise UsageError(
                f"{directory.path} has a {others.name} but no run.json, so it is not a run's",
                "Choose another --output.",
            )
        return fresh
    if not directory.has_responses():
        return fresh  # such as of a run whose model could not be loaded: there is nothing to mix
    stored.require_same_configuration(fresh, directory.path)
    # What an earlier session was to do is what it was then, whatever limit and repeats are now.
    earlier = {
        name: each.model_copy(
            update={"limit": each.limit or stored.limit, "repeats": each.repeats or stored.repeats}
        )
        for name, each in stored.tasks.items()
    }
    kept = {name: getattr(stored, name) for name in ("started", "engine", "earlier_engines", "throughput")}
    return fresh.model_copy(update=kept | {"tasks": earlier | fresh.tasks})


def _task_record(task_run: TaskRun, samples: int, plan: RunPlan) -> TaskRecord:
    task, sampling = task_run.task, task_run.sampling
    return TaskRecord(
        version=task.version,
        sha256=task.sha256,
        data=task_run.data.name,
        samples=samples,
        prompt=task_run.profile,
        prompt_sha256=sha256_of(task.prompts[task_run.profile]),
        sampling=SamplingRecord.model_validate(sampling, from_attributes=True),
        seed=plan.seed if sampling.temperature > 0 else None,
        data_sha256=task_run.data.sha256(),
        limit=plan.limit,
        repeats=plan.repeats,
    )
