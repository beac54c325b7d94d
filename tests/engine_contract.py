"""What every engine that loads the bundled model does with requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fakes import make_request

from vecbench.engines import Engine, Request, Response, Sampling
from vecbench.samples.sample import SampleImage

PROMPT = (
    "Which sentiment might this image evoke? Choose the most likely one from ['positive', 'negative']. "
    "Think step by step. Respond in the format: "
    "<think>{your reasoning}</think><answer>{your final answer}</answer>"
)


def request(key: str, colour: object = "red", prompt: str = PROMPT, **sampling: object) -> Request:
    return make_request(key, prompt, colour, **sampling)


def texts(responses: Iterable[Response]) -> dict[str, str | None]:
    return {response.key: response.text for response in responses}


class EngineContract:
    """Tests, run where a subclass has an `engine` to try."""

    def test_an_answer_comes_with_its_token_counts(self, engine: Engine) -> None:
        [response] = engine.generate([request("a")])
        assert response.error is None
        assert response.finish_reason == "stop"
        assert "<answer>" in response.text
        assert response.text.endswith("</confidence>")
        assert response.n_prompt_tokens > 16
        assert 0 < response.n_output_tokens <= 40

    def test_the_token_limit_is_a_finish_reason(self, engine: Engine) -> None:
        [response] = engine.generate([request("a", max_tokens=3)])
        assert (response.finish_reason, response.n_output_tokens) == ("length", 3)

    def test_a_stop_text_ends_the_answer_and_is_cut_off(self, engine: Engine) -> None:
        [response] = engine.generate([request("a", stop=("<answer>",))])
        assert response.finish_reason == "stop"
        assert response.text.endswith("</think>")

    def test_a_request_longer_than_the_context_and_a_broken_image_fail_alone(self, engine: Engine) -> None:
        broken = Request("broken", PROMPT, (SampleImage("x.png", b"nonsense"),), Sampling(max_tokens=40))
        asked = [request("a"), request("long", prompt=PROMPT * 100), broken, request("b")]
        errors = {response.key: response.error for response in engine.generate(asked)}
        assert "tokens" in errors["long"]
        assert "\n" not in errors["long"]
        assert "x.png: not an image" in errors["broken"]
        assert (errors["a"], errors["b"]) == (None, None)

    def test_several_images_are_shown_together_and_a_broken_one_fails_its_request_alone(
        self, engine: Engine
    ) -> None:
        one, both = (request("a", "red", max_tokens=4) for _ in range(2))
        pair = replace(both, key="pair", images=(*both.images, *request("b", "blue").images))
        broken = replace(pair, key="broken", images=(*one.images, SampleImage("x.png", b"nonsense")))
        found = {response.key: response for response in engine.generate([one, pair, broken])}
        assert (found["a"].error, found["pair"].error) == (None, None)
        assert found["pair"].n_prompt_tokens - found["a"].n_prompt_tokens > 16
        assert found["broken"].error.startswith("x.png: not an image")

    def test_a_text_that_stands_for_an_image_is_an_error_of_its_own(self, engine: Engine) -> None:
        asked = [
            request("a"),
            request("b", prompt=f"<image>{PROMPT}"),
            request("c", prompt=f"{PROMPT} <|image_pad|>"),
        ]
        errors = {response.key: response.error for response in engine.generate(asked)}
        assert "stands for an image" in errors.pop("b")
        assert errors == {"a": None, "c": None}

    def test_sampling_with_the_same_seed_says_the_same(self, engine: Engine) -> None:
        asked = [request(f"{n}", temperature=1.5, seed=n) for n in range(12)]
        first, second = texts(engine.generate(asked)), texts(engine.generate(asked))
        assert first == second
        assert len(set(first.values())) > 1

    def test_an_early_stop_leaves_the_engine_usable(self, engine: Engine) -> None:
        running = engine.generate(request(str(number)) for number in range(60))
        next(running)
        running.close()
        assert texts(engine.generate([request("a")]))["a"]
