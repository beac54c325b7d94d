"""The bundled model, from its runs to what its control says of it."""

import vecbench
from vecbench.shipped import demo_model


def test_the_demos_model_is_no_less_sure_without_the_image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, control = (
        vecbench.evaluate(demo_model(), "emoji_7", limit=40, control=name) for name in (None, "blank")
    )
    assert [each.path.name for each in (run, control)] == ["emoji_7", "emoji_7@blank"]
    keys = [set(each.responses()["key"]) for each in (run, control)]
    assert keys[0].isdisjoint(keys[1])
    scores = vecbench.score(run, control=control)
    report, *others = scores.further["controls"]["controls"]
    assert {each["source"] for each in others} == {"token", "token_share"}
    assert report["scopes"][-1]["verdict"] in {"rises", "does not fall"}
    assert "its confidence does not fall without the image" in report["said"]
    of_task = "subset == 'control=blank' and scope == 'task' and source == 'stated'"
    rows = scores.to_frame().query(of_task).set_index("metric")
    assert rows.loc["accuracy", "value"] > rows.loc["control_accuracy", "value"]
