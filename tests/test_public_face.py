"""What `import vecbench` promises: its names, their signatures and examples, and that it costs nothing."""

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import vecbench

ROOT = Path(__file__).parents[1]
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "pydantic",
    "yaml",
    "rich",
    "typer",
    "PIL",
    "torch",
)

SIGNATURES = {
    "compare": "(baseline: 'AnyPath | DataFrame', candidate: 'AnyPath | DataFrame', *, "
    "protocol: 'str | None' = None, allow: 'str | Iterable[str]' = (), replicates: 'int | None' = None, "
    "seed: 'int' = 0, task: 'str | None' = None, columns: 'Mapping[str, str] | None' = None, "
    "include_path: 'AnyPath | Iterable[AnyPath]' = ()) -> 'Comparison'",
    "evaluate": "(model: 'AnyPath', tasks: 'str | Iterable[str]', *, data: 'AnyPath | None' = None, "
    "columns: 'Mapping[str, str] | None' = None, "
    "engine: 'str' = 'auto', model_args: 'Mapping[str, Any] | None' = None, prompt: 'str | None' = None, "
    "limit: 'int | None' = None, repeats: 'int' = 1, seed: 'int' = 0, "
    "gen_kwargs: 'Mapping[str, Any] | None' = None, system_prompt: 'str | None' = None, "
    "token_confidence: 'bool | None' = None, score_options: 'bool' = False, "
    "control: 'str | None' = None, corrupt: 'str | None' = None, output: 'AnyPath | None' = None, "
    "include_path: 'AnyPath | Iterable[AnyPath]' = ()) -> 'Run'",
    "load_run": "(path: 'AnyPath', *, include_path: 'AnyPath | Iterable[AnyPath]' = ()) -> 'Run'",
    "coverage_curve": "(scores: 'Scores | Sequence[Scores] | Mapping[str, Scores]', "
    "name: 'str | None' = None) -> 'Figure'",
    "reliability_diagram": "(scores: 'Scores | Sequence[Scores] | Mapping[str, Scores]', "
    "name: 'str | None' = None, *, corp: 'bool' = False) -> 'Figure'",
    "score": "(source: 'AnyPath | DataFrame', protocol: 'str' = 'strict', *, "
    "by: 'str | Iterable[str]' = (), confidence: 'str | Iterable[str]' = (), "
    "sentences: 'bool' = True, confidence_scale: 'int | None' = None, "
    "task: 'str | None' = None, columns: 'Mapping[str, str] | None' = None, "
    "control: 'AnyPath | Iterable[AnyPath]' = (), "
    "include_path: 'AnyPath | Iterable[AnyPath]' = ()) -> 'Scores'",
    "score_confidences": "(confidence: 'Iterable[float | None]', correct: 'Iterable[bool]', "
    "images: 'Iterable[Hashable] | None' = None, *, replicates: 'int' = 10000, seed: 'int' = 0) -> 'Scores'",
    "write_report": "(run: 'AnyPath', against: 'AnyPath | None' = None, *, output: 'AnyPath | None' = None, "
    "data: 'AnyPath | None' = None, images: 'bool' = True, single_file: 'bool' = False, "
    "max_samples: 'int' = 100000, protocol: 'str' = 'strict', "
    "control: 'AnyPath | Iterable[AnyPath]' = (), "
    "include_path: 'AnyPath | Iterable[AnyPath]' = ()) -> 'Path'",
}
"""Whoever changes one of these changes somebody's program."""

METHODS = {
    "Comparison": {"differences_of", "is_published", "shown", "to_frame"},
    "Run": {"predictions", "responses", "scores"},
    "Scores": {"as_json", "content", "to_frame"},
    "VecbenchError": {"exit_status"},
}


def in_a_new_process(program, **options):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_vecbench_imports_nothing_heavy():
    program = (
        f"import sys, vecbench; dir(vecbench); print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    assert in_a_new_process(program) == []


def test_importing_vecbench_imports_no_module_of_its_own():
    program = "import sys, vecbench; print(*[name for name in sys.modules if name.startswith('vecbench')])"
    assert in_a_new_process(program) == ["vecbench"]


def test_arrays_are_scored_without_pandas_and_drawn_without_pyplot():
    program = (
        "import sys, vecbench; scores = vecbench.score_confidences([0.9, 0.8], [True, False]);"
        "vecbench.reliability_diagram(scores);"
        "print(*[name for name in ('pandas', 'matplotlib.pyplot', 'typer') if name in sys.modules])"
    )
    assert in_a_new_process(program) == []


def test_the_names_are_flat_sorted_and_all_there():
    assert vecbench.__all__ == sorted(vecbench.__all__)
    assert set(vecbench.__all__) == SIGNATURES.keys() | METHODS.keys()
    assert dir(vecbench) == sorted([*vecbench.__all__, "__version__"])
    for name in vecbench.__all__:
        assert getattr(vecbench, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'scores'"):
        _ = vecbench.scores


def test_a_function_stays_one_whatever_is_imported_before():
    program = (
        "import vecbench.cli.compare, vecbench.comparing.tables, vecbench.run, vecbench;"
        "print(all(callable(getattr(vecbench, name)) for name in vecbench.__all__))"
    )
    assert in_a_new_process(program) == ["True"]


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_function_has_the_signature_that_was_promised(name):
    assert str(inspect.signature(getattr(vecbench, name))) == SIGNATURES[name]


@pytest.mark.parametrize("name", METHODS)
def test_a_class_has_the_methods_that_were_promised(name):
    public = getattr(vecbench, name)
    attributes = set(getattr(public, "__dataclass_fields__", ()))
    own = {each for each in vars(public) if not each.startswith("_")} - attributes
    assert own == METHODS[name]


def examples(name):
    """The doctests of a name and, of a class, of its methods."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [each for each in finder.find(getattr(vecbench, name), name, globs={}) if each.examples]


@pytest.mark.parametrize("name", vecbench.__all__)
def test_a_name_explains_itself_and_has_an_example(name):
    text = inspect.getdoc(getattr(vecbench, name))
    assert text.partition("\n")[0].endswith((".", ";", ":"))
    assert ">>> " in text
    if name in SIGNATURES:
        assert "Args:" in text
        assert "Returns:" in text
        assert "Raises:" in text
        arguments = text.partition("Args:")[2].partition("Returns:")[0]
        for parameter in inspect.signature(getattr(vecbench, name)).parameters:
            assert f"\n    {parameter}: " in arguments


def run_examples(tests):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    said = []
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(said)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder in which the example of `evaluate` has run: others open its run."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run_examples(examples("evaluate"))
    return folder


@pytest.mark.parametrize("name", [name for name in vecbench.__all__ if name != "evaluate"])
def test_the_examples_of_a_name_show_what_happens(workplace, monkeypatch, name):
    monkeypatch.chdir(workplace)
    run_examples(examples(name))


def test_the_example_of_the_package_shows_what_happens():
    finder = doctest.DocTestFinder(recurse=False)
    run_examples(finder.find(vecbench, "vecbench", globs={}))


def test_the_evaluated_example_leaves_what_a_run_leaves(workplace):
    written = {path.name for path in (workplace / "results" / "demo").iterdir()}
    assert written >= {
        "run.json",
        "responses.jsonl",
        "predictions.jsonl",
        "scores.json",
        "summary.md",
        "figures",
    }


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "vecbench" / "py.typed").is_file()
