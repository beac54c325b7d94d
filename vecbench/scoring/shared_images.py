"""Images that several tasks ask about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from vecbench.parsing import Prediction
from vecbench.scoring.aggregate import OVERALL
from vecbench.scoring.scores import Scores


def shared_images(rows: Sequence[Prediction], scores: Scores) -> dict[str, Any]:
    """How many images several tasks of a group have, and of everything, as scores.json has it.

    Answers to one image are not independent: `Dependence` says what becomes of the intervals.

    Args:
        rows: Predictions; an image whose hash is unknown is taken for one that is not shared.
        scores: Of the rows.

    Returns:
        Empty if no image is shared; groups without a shared image are left out.
    """
    tasks_of = {(row.image_sha256, row.task) for row in rows if row.image_sha256 is not None}

    def shared(tasks: Iterable[str]) -> int:
        listed = set(tasks)
        counts = Counter(image for image, task in tasks_of if task in listed)
        return sum(count > 1 for count in counts.values())

    groups = {name: shared(group.tasks) for name, group in scores.groups.items()}
    overall = shared(scores.tasks)
    if not overall:
        return {}
    return {"groups": {name: count for name, count in groups.items() if count}, OVERALL: overall}
