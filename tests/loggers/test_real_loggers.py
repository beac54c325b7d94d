"""The tools themselves, where they are installed, with nothing configured but a place on this machine."""

import pytest

import vecbench
from vecbench.loggers.registry import asked_loggers

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def scores():
    return vecbench.score_confidences([0.9, 0.8, 0.6, 0.7], [True, True, False, True])


def picture(folder):
    from PIL import Image

    Image.new("RGB", (8, 8)).save(folder / "reliability.png")
    return [folder / "reliability.png"]


def test_weights_and_biases_keeps_the_run_here(scores, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(variable, raising=False)
    asked_loggers(["wandb:mine"])[0].log(scores, "org/model", picture(tmp_path))
    assert wandb.run is None
    [run] = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    assert b"overall/accuracy" in run.read_bytes()


def test_mlflow_keeps_the_run_here(scores, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    asked_loggers(["mlflow:mine"])[0].log(scores, "org/model", picture(tmp_path))
    [experiment] = mlflow.search_experiments(filter_string="name = 'mine'")
    [run] = mlflow.MlflowClient().search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["overall/accuracy"] == 0.75
    assert run.data.metrics["overall/accuracy_low"] < 0.75
    assert run.data.params["protocol"] == "strict"
    assert list((tmp_path / "mlruns").rglob("reliability.png"))


def test_trackio_keeps_the_run_here(scores, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio")
    asked_loggers(["trackio:mine"])[0].log(scores, "org/model", picture(tmp_path))
    [store] = (tmp_path / "trackio").glob("mine*.db")
    assert b"overall/accuracy" in store.read_bytes() + b"".join(
        each.read_bytes() for each in store.parent.glob("mine*.db-wal")
    )
