"""The training code on a handful of made-up pictures: it runs, learns what it should, and forgets nothing."""

import copy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tools.demo.architecture import IMAGE_SIZE, build_model  # noqa: E402
from tools.demo.augmentation import augment, normalise_pixels  # noqa: E402
from tools.demo.calibration import Calibration, Observation  # noqa: E402
from tools.demo.card import render  # noqa: E402
from tools.demo.conversation import IGNORED, Question, Response  # noqa: E402
from tools.demo.curriculum import (  # noqa: E402
    Draw,
    answer_logits,
    train_captions,
    train_confidences,
    train_drawings,
)
from tools.demo.examples import CONFIDENCES, Example, Reasons, answer, read_examples, read_prompts  # noqa: E402
from tools.demo.figures import measure  # noqa: E402
from tools.demo.heads import Heads  # noqa: E402
from tools.demo.labels import EMOTIONS  # noqa: E402
from tools.demo.recipe import Recipe  # noqa: E402
from tools.demo.teacher import Teacher, describe  # noqa: E402
from tools.demo.training import Groundwork, Trainer, fold_of, learn_answers  # noqa: E402
from vecbench.errors import DataError, RunError  # noqa: E402

ROOT = Path(__file__).parents[2]
TINY = Recipe(
    drawing_steps=1,
    caption_steps=2,
    label_steps=1,
    answer_steps=2,
    confidence_steps=3,
    drawing_batch=4,
    writing_batch=4,
    folds=2,
    confidence_questions=8,
)


def example(task, label, emoji, shade, keywords=("face", "smile", "tear")):
    pixels = np.full((3, IMAGE_SIZE, IMAGE_SIZE), shade, dtype=np.uint8)
    return Example(task, label, emoji, "train" if task else "", keywords, pixels)


@pytest.fixture(scope="module")
def examples():
    joys = [example("emoji_7", ("joy", "love")[place % 2], f"a{place}", 20 * place) for place in range(4)]
    signs = ("negative", "positive")
    moods = [example("emoji_2", signs[place % 2], f"b{place}", 255 - 20 * place) for place in range(4)]
    plain = [example("", "", f"c{place}", 90, ("fork", "tear")) for place in range(8)]
    return [*joys, *moods, *plain]


@pytest.fixture(scope="module")
def trainer(examples):
    return Trainer(examples, read_prompts(ROOT / "tasks" / "prompts.yaml"), TINY)


def test_the_stages_run_and_a_model_that_learnt_nothing_is_refused(trainer, examples):
    labelled = [one for one in examples if one.task]
    torch.manual_seed(0)
    model = build_model(trainer.processor.tokenizer)
    heads = Heads(model, trainer.vocabulary)
    before = copy.deepcopy(model.state_dict())
    train_drawings(model, heads, trainer.unlabelled, TINY)
    drawn = copy.deepcopy(model.state_dict())
    assert all("vision_tower" in name for name in changed(before, drawn))
    train_captions(model, trainer.conversation, trainer.unlabelled, trainer.reasons, TINY)
    captioned = copy.deepcopy(model.state_dict())
    assert not any("vision_tower" in name for name in changed(drawn, captioned))
    groundwork = Groundwork(
        captioned,
        heads.layers.state_dict(),
        trainer.vocabulary,
        trainer.conversation,
        trainer.reasons,
        trainer.unlabelled,
        TINY,
    )
    weights, responses = learn_answers(groundwork, labelled, labelled[:2])
    assert len(responses) == 2
    # LLaVA takes the patches before the tower's last normalisation, which therefore learns nothing.
    assert {name for name in weights if "post_layernorm" not in name} == changed(captioned, weights)
    with pytest.raises(RunError, match="format"):
        trainer._confident(model, labelled, Calibration([]))


def test_the_teacher_tells_shapes_apart_and_knows_no_other_labels():
    square = torch.full((3, IMAGE_SIZE, IMAGE_SIZE), 255, dtype=torch.uint8)
    square[:, 16:48, 16:48] = 0
    plain = torch.full((3, IMAGE_SIZE, IMAGE_SIZE), 255, dtype=torch.uint8)
    examples = [
        Example(task, label, label, "train", (), pixels.numpy())
        for task, labels in (("emoji_2", ("positive", "negative")), ("emoji_7", ("joy", "fear")))
        for label, pixels in zip(labels, (square, plain), strict=True)
    ]
    shares = Teacher(examples, torch.Generator().manual_seed(0))(torch.stack([square, plain]) / 255)
    assert shares["emoji_2"].argmax(dim=1).tolist() == [0, 1]
    assert shares["emoji_7"].argmax(dim=1).tolist() == [EMOTIONS.index("joy"), EMOTIONS.index("fear")]
    assert shares["emoji_7"].count_nonzero(dim=1).tolist() == [2, 2]
    for each in shares.values():
        assert torch.allclose(each.sum(dim=1), torch.ones(2), atol=1e-5)


def test_a_picture_is_described_by_its_edges_and_colours():
    upright = torch.ones(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    upright[..., 32:] = 0
    described = describe(upright), describe(upright.transpose(2, 3))
    assert described[0].shape == described[1].shape
    assert not torch.allclose(*described)
    assert torch.isfinite(describe(torch.ones(1, 3, IMAGE_SIZE, IMAGE_SIZE))).all()


def changed(before, after):
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def test_the_confidence_stage_changes_the_decoder_only(trainer):
    torch.manual_seed(0)
    model = build_model(trainer.processor.tokenizer)
    before = copy.deepcopy(model.state_dict())
    questions = [Question("emoji_2", torch.rand(3, IMAGE_SIZE, IMAGE_SIZE)) for _ in range(4)]
    answers = [answer("smile", "positive", "0.70")] * 4
    train_confidences(model, trainer.conversation, questions, answers, TINY)
    names = changed(before, model.state_dict())
    assert names
    assert not any("vision_tower" in name or "projector" in name for name in names)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_scores_are_those_of_the_answer(trainer):
    torch.manual_seed(0)
    model = build_model(trainer.processor.tokenizer).eval()
    questions = [Question(task, torch.rand(3, IMAGE_SIZE, IMAGE_SIZE)) for task in ("emoji_2", "emoji_7")]
    batch = trainer.conversation.teach(
        questions, [answer("smile", "positive", "0.70"), answer("", "joy", "0.05")]
    )
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "pixel_values")}
    with torch.inference_mode():
        everything = model(**inputs).logits
        scores = answer_logits(model, batch)
    width = int((batch["labels"] != IGNORED).any(dim=0).sum())
    assert torch.allclose(scores, everything[:, -width - 1 : -1], atol=1e-5)
    decoder = [
        value for name, value in model.named_parameters() if "language_model" in name or "lm_head" in name
    ]
    assert torch.allclose(answer_logits(model, batch, decoder), scores, atol=1e-5)


def test_answers_are_read_back(trainer):
    conversation = trainer.conversation
    texts = [answer("smile", "joy", "0.35"), answer("smile", "positive", "0.35"), "joy"]
    for text, label in zip(texts, ("joy", "", ""), strict=True):
        tokens = torch.tensor(conversation.tokenizer.encode(text))
        scores = torch.zeros(len(tokens), len(conversation.tokenizer))
        question = Question("emoji_7", torch.zeros(3, IMAGE_SIZE, IMAGE_SIZE))
        opening = conversation.tokenizer.convert_tokens_to_ids("<answer>")
        response = conversation._read(question, text, tokens, scores, opening)
        assert response.label == label
        assert response.certainty == pytest.approx(1 / 7 if label else 0.0)
        assert response.confidence == (0.35 if label else None)


def test_augmented_pictures_stay_pictures_on_white():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.full((16, 3, IMAGE_SIZE, IMAGE_SIZE), 255, dtype=torch.uint8)
    assert torch.allclose(augment(pixels, generator), torch.ones(16, 3, IMAGE_SIZE, IMAGE_SIZE), atol=1e-5)
    noise = torch.randint(0, 256, pixels.shape, dtype=torch.uint8, generator=generator)
    changed = augment(noise, generator)
    assert changed.shape == noise.shape
    assert 0 <= float(changed.min()) < float(changed.max()) <= 1
    assert torch.allclose(normalise_pixels(noise), normalise_pixels(noise.float() / 255))


def test_an_emoji_with_many_pictures_is_not_drawn_more_often():
    many = [example("emoji_7", "joy", "a", 0) for _ in range(30)]
    drawn = Draw([*many, example("emoji_7", "love", "b", 0)], seed=0)(400)
    assert 150 < sum(one.emoji == "b" for one in drawn) < 250


def test_reasons_are_frequent_keywords_and_no_labels():
    known = [
        example("emoji_7", "joy", "a", 0, ("joy", "tear", "face", "rare", "smile", "100")),
        example("emoji_7", "joy", "b", 0, ("smile", "eye", "tear")),
        example("emoji_7", "joy", "c", 0, ("smile", "eye")),
    ]
    assert Reasons(known)(known[0]) == "smile, tear, rare"


def test_confidence_rises_with_certainty_to_the_held_out_accuracy():
    observations = [
        Observation("emoji_7", f"{place}-{turn}", certainty, turn < right)
        for place, (certainty, right) in enumerate([(0.2, 2), (0.5, 4), (0.8, 7)])
        for turn in range(10)
    ]
    calibration = Calibration(observations)
    stated = [float(calibration.confidence("emoji_7", certainty)) for certainty in (0.2, 0.5, 0.8)]
    assert stated == sorted(stated)
    assert stated == pytest.approx([0.2, 0.4, 0.7], abs=0.11)
    assert calibration.confidence("emoji_7", 1.0) in CONFIDENCES


def test_an_emoji_is_in_one_fold_of_those_there_are():
    folds = [fold_of(f"{place:x}", 3) for place in range(100)]
    assert set(folds) == {0, 1, 2}
    assert folds == [fold_of(f"{place:x}", 3) for place in range(100)]


def test_figures_count_malformed_answers_as_wrong():
    examples = [example("emoji_7", "joy", emoji, 0) for emoji in ("a", "a", "b")]
    responses = [
        Response("", "joy", 0.8, 0.9),
        Response("", "", None, 0.0),
        Response("", "love", 0.3, 0.4),
    ]
    figures = measure(examples, responses)["emoji_7"]
    assert figures["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["accuracy_by_emoji"] == 0.25
    assert figures["format"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["auroc_confidence"] == 1.0


def test_the_card_shows_the_figures():
    figures = {"emoji_2": {"rows": 10, "accuracy": 0.61234}}
    report = {
        "minutes": 3.2,
        "threads": 2,
        "recipe": {"seed": 0, "folds": 3},
        "test": figures,
        "cross_fitting": figures,
        "validation": {},
    }
    card = render(report, 922_368)
    assert card.count("| accuracy | 0.612 |") == 2
    assert "| uniform chance | 0.500 |" in card
    assert "0.92 million" in card
    assert "Validation emoji" not in card


def test_training_without_data_says_how_to_build_it(tmp_path):
    with pytest.raises(DataError, match="training") as caught:
        read_examples(tmp_path)
    assert "tools.demo.dataset" in caught.value.remedy
