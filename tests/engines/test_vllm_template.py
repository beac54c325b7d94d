"""A chat template that leaves the image out is found before anything is asked."""

import asyncio

import pytest

from vecbench.engines.vllm_template import shows_image


class Renderer:
    """Processes a prompt as a model's processor does: puts images in their places, or finds none."""

    def __init__(self, places):
        self.places = places

    async def process_for_engine_async(self, _prompt, _arrival):
        if isinstance(self.places, Exception):
            raise self.places
        return {"mm_placeholders": {"image": self.places}}


@pytest.mark.parametrize(
    ("shown", "places", "expected"),
    [
        ([1, 9, 2], RuntimeError("not asked"), True),
        ([1, 2], RuntimeError("no placeholder for mm_items['image'][0]"), False),
        ([1, 2], [], False),
        ([1, 2], ["at the start"], True),  # as processors do that need no place in the template
    ],
)
def test_a_prompt_that_is_the_same_without_its_image_shows_none(shown, places, expected):
    asked, plain = ({"prompt_token_ids": each} for each in (shown, [1, 2]))
    assert asyncio.run(shows_image(Renderer(places), asked, plain)) is expected
