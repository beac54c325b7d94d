"""The prompt profiles of a task: its own, those of a file that it names, or those of its answer kind."""

from __future__ import annotations

from collections.abc import Mapping

from vecbench.errors import DataError
from vecbench.shipped import tasks_folder
from vecbench.tasks.schema import TaskMetadata
from vecbench.tasks.yaml_file import YamlFile, read_yaml


def prompt_profiles(file: YamlFile, metadata: TaskMetadata) -> Mapping[str, str]:
    """The prompt templates by profile, from the task's file, the file that it names, or of its answer kind.

    Raises:
        DataError: The named file is missing or holds something else; or none is named, and the kind has
            none.
    """
    prompts = metadata.prompts
    if prompts is None:
        return default_prompts(metadata.specification.kind)
    if isinstance(prompts, str):
        profiles = read_yaml((file.path.parent / prompts).resolve())
        for name, template in profiles.content.items():
            if not isinstance(template, str):
                raise DataError(f"{profiles.path}: {name}: not a text", "A profile is a Jinja2 template.")
        return profiles.content
    return prompts


def default_prompts(kind: str) -> Mapping[str, str]:
    """The prompt templates by profile of an answer kind, for tasks whose file names none.

    Raises:
        DataError: The kind has none, such as one of another package.
    """
    known = read_yaml(tasks_folder() / "default_prompts.yaml").content
    if kind not in known:
        raise DataError(
            f"the answer kind {kind} has no prompts of its own", "Write `prompts: {standard: TEXT}`."
        )
    profiles: Mapping[str, str] = known[kind]
    return profiles
