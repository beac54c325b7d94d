"""What the transformers engine says of its tokens is what the model computes, and what an endpoint says."""

import itertools
import json
import math
from dataclasses import replace

import pytest
import torch
from endpoint import serving
from engine_contract import PROMPT, request
from fakes import Watcher

from vecbench.engines.chat import conversation
from vecbench.engines.openai import OpenAIEngine
from vecbench.engines.transformers import TransformersEngine
from vecbench.models import Model
from vecbench.parsing.form import ANY_FORM
from vecbench.run import RunPlan, TaskRun, run
from vecbench.run.sampling import task_sampling
from vecbench.run.token_confidence import N_ALTERNATIVES, token_confidence
from vecbench.samples import open_data
from vecbench.shipped import demo_model
from vecbench.store import RunDirectory, read_responses
from vecbench.tasks import load_catalogue

SENTIMENTS = ("positive", "negative")
COLOURS = ("red", "green", "blue", "white", "black", "yellow", "orange", "purple")


@pytest.fixture(scope="module")
def engine():
    made = TransformersEngine(str(demo_model()), {"batch_size": 8, "dtype": "float32"})
    yield made
    made.close()


class Remembering:
    """An engine that remembers what it was asked and what it answered."""

    def __init__(self, engine):
        self.engine, self.description = engine, engine.description
        self.asked, self.answered = {}, {}

    def generate(self, requests):
        def watched():
            for each in requests:
                self.asked[each.key] = each
                yield each

        for response in self.engine.generate(watched()):
            self.answered[response.key] = response
            yield response

    def close(self):
        """It is used again."""


def demo_plan():
    tasks = load_catalogue().select("demo")
    task_runs = [TaskRun(each, open_data(each.data), "standard", task_sampling(each)) for each in tasks]
    return RunPlan(Model("nano", "nano", "1"), tuple(task_runs), token_confidence=True)


@pytest.fixture(scope="module")
def demo(engine, tmp_path_factory):
    """The demo's requests and responses, and what was stored of them."""
    directory = RunDirectory(tmp_path_factory.mktemp("demo") / "run")
    remembering = Remembering(engine)
    run(demo_plan(), lambda: remembering, directory, Watcher())
    stored = {each.key: each for each in read_responses(directory.responses)}
    return remembering.asked, remembering.answered, stored


def recomputed(engine, asked, text):
    """The ids of an answer's tokens, their borders in its text, and the log probabilities of every step."""
    [images] = [asked.decoded()]
    inputs = engine._processor.apply_chat_template(
        [conversation(asked.prompt, images)],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    answer = engine._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([answer["input_ids"]])
    width = inputs["input_ids"].shape[1]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], ids], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    inputs.pop("token_type_ids", None)
    with torch.inference_mode():
        logits = engine._model(**inputs).logits[0, width - 1 : -1]
    return answer["input_ids"], answer["offset_mapping"], logits.log_softmax(dim=-1)


def share_of(engine, step, candidates, answer):
    """The answer's share at a step, of tokens that each begin one candidate; None where that is unclear."""
    values, ids = (each.tolist() for each in step.topk(N_ALTERNATIVES))
    shares = {}
    for value, token in zip(values, ids, strict=True):
        text = engine._tokenizer.decode([token]).strip()
        begun = [each for each in candidates if text and each.startswith(text)]
        if len(begun) > 1 or text == answer[: len(text)] != answer:
            return None
        if begun:
            shares[begun[0]] = math.exp(value)
    return shares[answer] / sum(shares.values()) if len(shares) > 1 and answer in shares else None


def test_the_demos_answers_have_the_confidence_that_a_forward_pass_gives_them(engine, demo):
    asked, answered, stored = demo
    assert len(stored) == len(asked) == 324
    near = shared = 0
    for key, row in stored.items():
        text, said = answered[key].text, row.token_confidence
        ids, borders, steps = recomputed(engine, asked[key], text)
        begin, end = text.index("<answer>") + len("<answer>"), text.index("</answer>")
        places = [n for n, (low, high) in enumerate(borders) if low < end and high > begin]
        product = math.exp(sum(steps[n, ids[n]].item() for n in places))
        near += said["tokens"] == len(places) and abs(said["product"] - product) < 1e-3
        share = share_of(engine, steps[places[0]], row.candidates, text[begin:end])
        if share is not None:
            assert said["share"] == pytest.approx(share, abs=1e-3)
            shared += 1
    assert near >= 0.99 * len(stored)
    assert shared >= 100


def test_a_line_grows_by_less_than_200_bytes(demo):
    for row in demo[2].values():
        without = replace(row, token_confidence=None)
        assert 0 < len(row.to_line()) - len(without.to_line()) < 200


def openai_form(response):
    """A response as an endpoint writes it, a token by itself with the likeliest beside it."""
    content = [
        {
            "token": response.text[each.begin : each.end],
            "logprob": each.log_probability,
            "bytes": list(response.text[each.begin : each.end].encode()),
            "top_logprobs": [
                {"token": text, "logprob": value, "bytes": list(text.encode())}
                for text, value in each.alternatives.items()
            ],
        }
        for each in response.tokens.within(0, len(response.text))
    ]
    message = {"role": "assistant", "content": response.text}
    return {"finish_reason": response.finish_reason, "message": message, "logprobs": {"content": content}}


def test_an_endpoint_with_the_same_numbers_gives_the_same_confidence(demo, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    asked, answered, stored = demo
    waiting = {}
    for key, each in asked.items():
        waiting.setdefault(each.prompt, []).append(key)

    def answer(handler, body):
        assert (body["logprobs"], body["top_logprobs"]) == (True, N_ALTERNATIVES)
        with handler.server.endpoint.lock:
            key = waiting[body["messages"][0]["content"][1]["text"]].pop(0)
        handler.send(200, json.dumps({"choices": [openai_form(answered[key])]}))

    with serving(otherwise=answer) as endpoint:
        made = OpenAIEngine("nano", {"base_url": endpoint.url, "concurrency": 1})
        directory = RunDirectory(tmp_path / "run")
        run(demo_plan(), lambda: made, directory, Watcher())
    found = {each.key: each.token_confidence for each in read_responses(directory.responses)}
    assert found.keys() == stored.keys()
    assert [key for key, each in found.items() if each != pytest.approx(stored[key].token_confidence)] == []


def confidences(responses):
    kind = load_catalogue().tasks["emoji_2"].answers
    return {each.key: token_confidence(each, SENTIMENTS, kind, ANY_FORM) for each in responses}


def requests(prompts=(PROMPT,), **sampling):
    named = zip(COLOURS, itertools.cycle(prompts), strict=False)
    made = (request(colour, colour, prompt, **sampling) for colour, prompt in named)
    return [replace(each, n_alternatives=N_ALTERNATIVES) for each in made]


def near(found, expected):
    assert found.keys() == expected.keys()
    return all(found[key] == pytest.approx(each, abs=1e-4) for key, each in expected.items())


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.5}, {"repetition_penalty": 1.2}])
def test_no_confidence_depends_on_the_batch_which_is_filled_up_on_the_left(engine, sampling):
    asked = requests((PROMPT, PROMPT + " Be brief." * 9), **sampling)
    together = confidences(engine.generate(asked))
    alone = {}
    for each in asked:
        alone |= confidences(engine.generate([each]))
    assert near(together, alone)
    assert sum(each is not None for each in together.values()) >= 2


def test_a_batch_that_is_halved_for_memory_has_the_same_confidences(engine, monkeypatch):
    asked = requests()
    whole = confidences(engine.generate(asked))
    generated = engine._generated

    def scarce(batch):
        if len(batch) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generated(batch)

    monkeypatch.setattr(engine, "_generated", scarce)
    monkeypatch.setattr(engine, "_batch_size", 8)
    assert near(confidences(engine.generate(asked)), whole)


def test_the_probabilities_of_an_answer_that_is_drawn_are_the_models_own(engine):
    asked = {each.key: each for each in requests(temperature=2.0, top_k=40)}
    compared = 0
    for response in engine.generate(asked.values()):
        ids, _, steps = recomputed(engine, asked[response.key], response.text)
        tokens = response.tokens.within(0, len(response.text))
        if len(tokens) == len(ids):  # else the tokenizer would have written the text otherwise
            expected = [steps[place, token].item() for place, token in enumerate(ids)]
            assert [each.log_probability for each in tokens] == pytest.approx(expected, abs=1e-3)
            compared += min(expected) < math.log(0.1)
    assert compared >= 1


def test_who_does_not_ask_gets_none_and_the_same_answer(engine):
    [scored], [plain] = engine.generate(requests()[:1]), engine.generate([request("red", "red")])
    assert plain.tokens is None
    assert scored == plain


STEPS = [
    {"<answer>": 0.9},
    {"positive": 0.6, "negative": 0.3, "n": 0.05},
    {"</answer>": 0.8},
    {"<confidence>": 0.7},
    {"<eos>": 0.95},
]
"""Token → its probability, step by step."""


@pytest.fixture
def known(engine):
    """The model with a head that says what it is told, whatever the picture."""
    step = itertools.count()
    tokenizer = engine._tokenizer

    def head(_module, _inputs, output):
        names = STEPS[min(next(step), len(STEPS) - 1)]
        given = {tokenizer.convert_tokens_to_ids(name): each for name, each in names.items()}
        assert None not in given
        rest = (1 - sum(given.values())) / (output.shape[-1] - len(given))
        output.fill_(math.log(rest) + 3)  # a softmax does not mind
        for token, probability in given.items():
            output[..., token] = math.log(probability) + 3
        return output

    hook = engine._model.lm_head.register_forward_hook(head)
    yield engine
    hook.remove()


@pytest.mark.parametrize("sampling", [{}, {"repetition_penalty": 1.01}, {"stop": ("<conf",)}])
def test_probabilities_that_are_known_come_back_exactly(known, sampling):
    [response] = known.generate(requests(**sampling)[:1])
    assert response.text.startswith("<answer>positive")
    [found] = confidences([response]).values()
    assert found == {
        "product": pytest.approx(0.6, abs=1e-6),
        "tokens": 1,
        "share": pytest.approx(0.6 / 0.95, abs=1e-6),
    }
    tokens = response.tokens.within(0, len(response.text))
    assert math.exp(sum(each.log_probability for each in tokens)) == pytest.approx(
        0.9 * 0.6 * 0.8 * (1 if "stop" in sampling else 0.7), abs=1e-6
    )


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_an_answer_that_is_cut_off_has_a_confidence_only_where_it_is_read(known, limit):
    [response] = known.generate(requests(max_tokens=limit)[:1])
    assert response.finish_reason == "length"
    [found] = confidences([response]).values()
    assert (found is None) == (limit < 3)  # as strict reads it: more might have followed
