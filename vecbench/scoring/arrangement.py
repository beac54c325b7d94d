"""Which tasks and groups some rows belong to, in the order of the tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vecbench.tasks import Catalogue


@dataclass(frozen=True)
class Arrangement:
    """Tasks and groups that have rows.

    Attributes:
        tasks: Ids, in the catalogue's order; those that it does not know follow, sorted.
        members: Group id → its tasks that have rows; groups without any are left out.
        absent: Group id → its tasks that have none.
        names: Id → name in tables, of all tasks and groups of the catalogue.
    """

    tasks: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    absent: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]

    @classmethod
    def of(cls, present: Collection[str], catalogue: Catalogue) -> Arrangement:
        """The arrangement of the tasks that have rows.

        Args:
            present: Their ids.
            catalogue: Brings order, groups and names; a task that it does not know is in no group.
        """
        order = [name for name in catalogue.tasks if name in present]
        order += sorted(name for name in present if name not in catalogue.tasks)
        every = {name: tuple(dict.fromkeys(group.members)) for name, group in catalogue.groups.items()}
        members = {name: tuple(each for each in listed if each in present) for name, listed in every.items()}
        members = {name: each for name, each in members.items() if each}
        absent = {name: tuple(each for each in every[name] if each not in members[name]) for name in members}
        names = {name: task.display for name, task in catalogue.tasks.items()}
        names |= {name: group.display for name, group in catalogue.groups.items()}
        return cls(tuple(order), members, absent, names)
