"""What `vecbench run` prints of what it would do, and of what it has done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.console import counted, duration
from vecbench.escaping import printable

if TYPE_CHECKING:
    from vecbench.run import RunOutcome
    from vecbench.run.estimate import Price
    from vecbench.run.evaluation import DryRun


def dry_run_lines(dry: DryRun, price: Price | None) -> Iterator[str]:
    """What a run would generate, and about what that takes."""
    estimate = dry.estimate
    kept = dry.asked - estimate.requests
    why = f", because {dry.engine.why}" if dry.engine.why else ""
    yield f"directory  {printable(str(dry.directory.path))}"
    yield f"engine     {dry.engine.name}{why}"
    yield f"responses  {estimate.requests:,} to generate, {kept:,} of {dry.asked:,} stored already"
    if estimate.unusable:
        yield (
            f"           {estimate.unusable:,} of them would fail, "
            f"such as: {printable(estimate.why_unusable)}"
        )
    if dry.control is not None:
        yield f"control    {dry.control.said}"
    yield f"images     {estimate.images:,} shown, {dry.downloads:,} to download"
    yield f"tokens     prompts: about {estimate.prompt_tokens:,} ({estimate.counted_by})"
    if estimate.image_tokens is None:
        yield "           images: unknown"
    else:
        yield f"           images: about {estimate.image_tokens:,} ({estimate.image_rule})"
    yield f"           answers: at most {estimate.output_tokens:,}"
    if price is not None:
        low, high = estimate.cost(price)
        without = ", without what the images cost" if estimate.image_tokens is None else ""
        yield f"cost       {_dollars(low)} to {_dollars(high)}{without}"
    yield "Dry run: nothing was loaded, generated or written."


def closing_lines(outcome: RunOutcome, directory: Path, price: Price | None) -> Iterator[str]:
    """What was generated, what it took, and the commands that show the scores again, and the samples."""
    generated = outcome.generated
    if generated:
        rate = outcome.manifest.throughput.samples_per_second or 0.0
        kept = outcome.asked - generated
        yield (
            f"\n{generated} responses generated, {kept} kept; "
            f"{duration(outcome.seconds)}, {rate:.1f} samples/s"
        )
        tokens = f"{outcome.prompt_tokens:,} of prompts, {outcome.output_tokens:,} of answers"
        unknown = counted(outcome.uncounted, "response")
        yield f"Tokens: {tokens}" + (f"; those of {unknown} were not counted" if outcome.uncounted else "")
    if generated and price is not None:
        from vecbench.run.estimate import dollars

        cost = dollars(outcome.prompt_tokens, outcome.output_tokens, price)
        yield f"Cost: {_dollars(cost)}" + (f", without {unknown}" if outcome.uncounted else "")
    stored = shlex.quote(str(directory))
    yield f"To show this again: vecbench score {stored}"
    yield f"To look at the samples: vecbench report {stored}"


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.2g}"
