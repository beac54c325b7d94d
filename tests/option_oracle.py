"""Requests with options, and what a plain forward pass of the model says of each."""

from __future__ import annotations

from dataclasses import replace

from vecbench.engines import Request

OPTIONS = ("joy", "joyful", "jealousy", "fear", "a")


def with_options(
    asked: Request, options: tuple[str, ...] = OPTIONS, prefix: str = "<think>red.</think><answer>"
) -> Request:
    """The request with options behind a text, whatever is written."""
    return replace(asked, options=options, option_prefix=lambda _text, _finish: prefix)


def by_hand(engine, asked):
    """What one forward pass for each option says, of a request to the transformers engine alone."""
    import torch

    from vecbench.engines.chat import conversation
    from vecbench.engines.option_scores import extended

    inputs = engine._processor.apply_chat_template(
        [conversation(asked.prompt, asked.decoded(), None)],
        add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
    )  # fmt: skip
    prefix, sums = asked.option_prefix("", None), []
    for option in asked.options:
        tokens = engine._tokenizer.encode(prefix + option, add_special_tokens=False)
        n = len(engine._tokenizer.encode(option, add_special_tokens=False))
        assert tokens[:-n] == engine._tokenizer.encode(prefix, add_special_tokens=False)
        with torch.inference_mode():
            logits = engine._model(**extended(inputs, [tuple(tokens)], 0)).logits[0].double()
        chosen = logits[-n - 1 : -1].log_softmax(dim=-1).gather(1, torch.tensor([tokens[-n:]]).T)
        sums.append(float(chosen.sum()))
    return sums
