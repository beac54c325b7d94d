"""Tasks, groups and benchmarks, as the YAML files under `tasks/` define them."""

from vecbench.tasks.catalogue import Catalogue, load_catalogue, task_in
from vecbench.tasks.check import Fault
from vecbench.tasks.task import Group, Task

__all__ = ["Catalogue", "Fault", "Group", "Task", "load_catalogue", "task_in"]
