"""vLLM's names are found where the installed version has them; the packages here are stand-ins for it."""

import ast
import importlib
import sys
import warnings
from pathlib import Path

import pytest

from vecbench.engines import vllm_adapter
from vecbench.errors import RunError, UsageError

PACKAGE = Path(vllm_adapter.__file__).parents[1]
ENGINE_EXCEPTIONS = "class EngineGenerateError(Exception): pass\nclass EngineDeadError(Exception): pass\n"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a vLLM of these files, and gives the adapter as it is in a process of its own."""

    def install(version, **files):
        for name in [each for each in sys.modules if each.partition(".")[0] == "vllm"]:
            monkeypatch.delitem(sys.modules, name)
        files = {"__init__": "", "_version": f"__version__ = version = '{version}'\n", **files}
        for name, text in files.items():
            file = tmp_path / "vllm" / f"{name.replace('__', '/') if name[0] != '_' else name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            for folder in file.parents[: len(file.relative_to(tmp_path).parts) - 1]:
                (folder / "__init__.py").touch()
            file.write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        for name in vllm_adapter.NAMES:
            monkeypatch.delitem(vars(vllm_adapter), name, raising=False)
        monkeypatch.setattr(vllm_adapter, "error_log", lambda: None)
        return vllm_adapter

    yield install
    for name in vllm_adapter.NAMES:
        vars(vllm_adapter).pop(name, None)
    for name in [each for each in sys.modules if each.partition(".")[0] == "vllm"]:
        del sys.modules[name]


def test_nothing_else_imports_vllm():
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [path.name for name in names if name.partition(".")[0] == "vllm"]
    assert found == []


@pytest.mark.parametrize(
    ("exceptions", "name"),
    [("class VLLMServerError(Exception): pass", "VLLMServerError"), ("", "EngineGenerateError")],
)
def test_a_name_is_taken_from_where_this_version_has_it(installed, exceptions, name):
    adapter = installed("0.28.0", exceptions=exceptions, v1__engine__exceptions=ENGINE_EXCEPTIONS)
    assert adapter.ServerError.__name__ == name


def test_a_version_without_a_name_is_refused_with_what_to_install(installed):
    adapter = installed("0.9.1", inputs="")
    for name in ("TokensPrompt", "ChatParams"):  # no such class, no such module
        with pytest.raises(UsageError, match=rf"vLLM 0\.9\.1 has no vllm\.\w+\.{name}") as caught:
            getattr(adapter, name)
        assert "vLLM 0.25 to 0.33" in caught.value.remedy
        assert 'pip install "vecbench[vllm]"' in caught.value.remedy


@pytest.mark.parametrize(
    "text", ["import no_such_torch", "raise OSError('libcuda.so.1: cannot open shared object file')"]
)
def test_an_installation_that_does_not_work_says_why(installed, text):
    adapter = installed("0.28.0", renderers=text)
    with pytest.raises(RunError, match=r"vLLM 0\.28\.0 cannot be imported: .*(no_such_torch|libcuda)"):
        adapter.ChatParams  # noqa: B018


def test_a_name_that_it_does_not_offer_is_an_attribute_error():
    assert not hasattr(vllm_adapter, "LLM")


@pytest.mark.parametrize(
    ("version", "tested"),
    [
        *((each, True) for each in ("0.25.0", "0.28.1rc1", "0.33.2.dev5+g1234")),
        *((each, False) for each in ("0.24.0", "0.34.0", "1.0.0", "0.2.5", "x")),
    ],
)
def test_a_version_that_was_not_tested_is_warned_of_and_tried(installed, version, tested):
    adapter = installed(version)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        adapter.warn_of_untested_version()
    said = [str(each.message) for each in caught]
    shown = version if version != "x" else "of an unknown version"
    expected = f"vecbench is tested with vLLM 0.25 to 0.33; this is vLLM {shown}: it is tried"
    assert said == ([] if tested else [expected])


def test_the_tested_range_is_that_of_the_extra():
    import tomllib

    extras = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    oldest, (major, minor) = vllm_adapter.OLDEST, vllm_adapter.NEWEST
    assert f"vllm>={oldest[0]}.{oldest[1]},<{major}.{minor + 1}" in extras["optional-dependencies"]["vllm"]
    assert f"vLLM {oldest[0]}.{oldest[1]} to {major}.{minor}" == vllm_adapter.TESTED


PLATFORM = """
class current_platform:
    is_cpu = staticmethod(lambda: {cpu})
    is_unspecified = staticmethod(lambda: {none})
    device_count = staticmethod(lambda: 4)
    get_device_name = staticmethod(lambda: "Some GPU")
    get_device_total_memory = staticmethod(lambda: 80)
"""


@pytest.mark.parametrize(
    ("cpu", "none", "memory", "kind"),
    [(False, False, 80, "GPU"), (True, False, None, "CPU core"), (False, True, None, "GPU")],
)
def test_the_platform_is_asked_for_its_devices(installed, cpu, none, memory, kind):
    adapter = installed("0.28.0", platforms=PLATFORM.format(cpu=cpu, none=none))
    assert adapter.gpu_memory() == memory
    count, found = adapter.devices()
    assert (found, count >= 1) == (kind, True)
    assert adapter.device_name() == ("cpu" if cpu else "Some GPU")
