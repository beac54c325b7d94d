"""The tokenizer of the bundled model: byte-level BPE over the prompts, with a chat template."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

VOCABULARY_SIZE = 1024
"""Upper limit; the corpus has fewer merges to offer than this leaves room for."""

MAXIMUM_LENGTH = 1024
"""Longest sequence in tokens, image and answer included."""

PADDING, BEGINNING, END, IMAGE = "<pad>", "<bos>", "<eos>", "<image>"
SYSTEM, USER, ASSISTANT = "<|system|>", "<|user|>", "<|assistant|>"
SPECIAL_TOKENS = (PADDING, BEGINNING, END, IMAGE, SYSTEM, USER, ASSISTANT)

ANSWER_TAGS = ("<think>", "</think>", "<answer>", "</answer>", "<confidence>", "</confidence>")
"""One token each, but no special tokens: decoding with `skip_special_tokens=True` must keep them."""

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] in ('image', 'image_url') %}<image>"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Takes contents as strings and as lists of parts; images stand where they are listed."""


def build_tokenizer(corpus: Iterable[str]) -> PreTrainedTokenizerFast:
    """Trains the tokenizer.

    Args:
        corpus: Texts that it should encode in few tokens. Any other text can be encoded too, byte by byte.

    Returns:
        A tokenizer that pads on the left, as generation needs it.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - len(ANSWER_TAGS),
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in ANSWER_TAGS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PADDING,
        bos_token=BEGINNING,
        eos_token=END,
        additional_special_tokens=[IMAGE, SYSTEM, USER, ASSISTANT],
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        model_max_length=MAXIMUM_LENGTH,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )
