"""Refusals as endpoints word them: the reason, and which field it is about."""

import json

import pytest

from vecbench.engines.endpoint_errors import is_too_large, reason_in, refused_field, takes_no_images

FIELDS = ("mm_processor_kwargs", "seed", "top_p", "stop", "temperature", "max_tokens")
UNKNOWN_SEED = 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'
EXTRA_SEED = {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": {"message": "no memory", "type": "x"}}, "no memory"),
        ([{"error": {"code": 400, "message": UNKNOWN_SEED, "status": "INVALID_ARGUMENT"}}], UNKNOWN_SEED),
        ({"detail": [EXTRA_SEED]}, "body.seed: Extra inputs are not permitted"),
        (
            {"detail": [EXTRA_SEED, {"msg": "and more"}]},
            "body.seed: Extra inputs are not permitted; and more",
        ),
        ({"detail": "Not\n authenticated"}, "Not authenticated"),
        ({"error": "Input validation error", "error_type": "validation"}, "Input validation error"),
        ({"message": "no such thing", "code": 3}, "no such thing"),
        ({"error": {"message": "Unsupported parameter", "param": "seed"}}, "seed: Unsupported parameter"),
        ({"error": {"message": "it failed", "metadata": {"raw": "too hot"}}}, "it failed: too hot"),
        ({"error": {"message": ["no"]}}, "no"),
        ({"error": None}, '{"error": null}'),
        ({"unheard": "of"}, '{"unheard": "of"}'),
        ("a text", '"a text"'.strip('"')),
    ],
)
def test_the_reason_is_found_in_every_form(body, reason):
    assert reason_in(json.dumps(body)) == reason


def test_a_page_and_a_text_are_their_words_and_nesting_ends_nothing():
    page = "<html><style>b { color: red }</style><h1>502</h1>\n<b>Bad Gateway</b></html>"
    assert reason_in(page) == "502 Bad Gateway"
    assert reason_in("too\nlarge") == "too large"
    assert reason_in("") == ""
    for depth in (30, 100_000):
        text = '{"error":' * depth + '"x"' + "}" * depth
        assert reason_in(text) == text


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'.", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
        (UNKNOWN_SEED, "seed"),
        ("body.seed: Extra inputs are not permitted", "seed"),
        ("seed: Extra inputs are not permitted", "seed"),
        ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "top_p"),
        ("`temperature` is deprecated for this model.", "temperature"),
        ("temperature, top_p and n are fixed at 1", "temperature"),
        ("Input validation error: `temperature` must be strictly positive", "temperature"),
        ("invalid temperature: only 1 is allowed for this model", "temperature"),
        ("Unrecognized request argument supplied: mm_processor_kwargs", "mm_processor_kwargs"),
        ("property 'topP' is unsupported", "top_p"),
        ("unsupported: top_p; use temperature", "top_p"),
        # of the value that was asked for, or of this request
        ("temperature must be between 0 and 1; others are not supported", None),
        ("max_tokens is too large: 99999. This model supports at most 4096 and not allowed more", None),
        ("This model's maximum context length is 8192 tokens; max_tokens is not supported beyond", None),
        ("the prompt is too long", None),
        # of something else
        ("Unsupported parameter: 'frequency_penalty'", None),
        ("unknown field seeds", None),
        ("messages: unexpected role", None),
        ("stop", None),
    ],
)
def test_a_field_that_is_not_taken_is_known_from_a_value_that_is_not(reason, field):
    assert refused_field(400, reason, FIELDS) == field
    assert refused_field(422, reason, FIELDS) == field
    assert refused_field(429, reason, FIELDS) is None


@pytest.mark.parametrize(
    ("reason", "takes_none"),
    [
        ("image input is not supported - hint: you may need to provide the mmproj", True),
        ("Invalid content type. image_url is only supported by certain models.", True),
        ("org/name is not a multimodal model", True),
        ("At most 0 image(s) may be provided in one prompt.", True),
        ("messages[0]: unknown variant `image_url`, expected `text`", True),
        ("'messages[0].content' must be a string", True),
        ("No endpoints found that support image input", True),
        ("This model does not support images.", True),
        ("This model does not support image input", True),
        ("Unsupported image format: image/bmp", False),
        ("The model does not support images of more than 5 MB", False),
        ("At most 1 image(s) may be provided in one prompt.", False),
    ],
)
def test_a_model_that_takes_no_images_is_known_from_one_that_takes_not_this_one(reason, takes_none):
    assert takes_no_images(reason) == takes_none


def test_a_size_that_is_refused_is_known():
    assert is_too_large(400, "image exceeds 5 MB maximum: 17 bytes > 5 bytes")
    assert is_too_large(413, "")
    assert is_too_large(400, "Request payload is too large")
    assert not is_too_large(400, "the prompt is too long")
