"""What is no part of the base install: who asks for it is told how to get it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("vecbench.score_confidences([0.5, 0.9], [True, False]).to_frame()", "vecbench[pandas]"),
        ("import vecbench.interop.lm_eval as ours; ours.load('emoji_7')", "vecbench[lm-eval]"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(program, message):
    program = (
        "import sys\nfor name in ('pandas', 'datasets', 'pyarrow'):\n    sys.modules[name] = None\n"
        f"import vecbench\ntry:\n    {program}\nexcept vecbench.VecbenchError as fault:\n"
        "    print(type(fault).__name__, fault.remedy)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f'UsageError Install it: pip install "{message}"'


def test_the_base_install_brings_none_of_them():
    assert not [each for each in PROJECT["dependencies"] if re.match("pandas|pyarrow|datasets", each)]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "api",
        "pandas",
        "parquet",
        "xlsx",
        "inspect",
        "wandb",
        "mlflow",
        "trackio",
        "lm-eval",
        "dev",
        "oracles",
        "browser",
        "docs",
    ],
)
def test_every_dependency_has_an_upper_bound(name):
    listed = PROJECT["optional-dependencies"][name] if name else PROJECT["dependencies"]
    assert not [each for each in listed if "<" not in each]
