"""mypy says the same in every environment: what an extra brings is looked into in none."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def always_there():
    """The distributions that `make types` installs, by their normal names."""
    recipe = (ROOT / "Makefile").read_text().partition("$(VENV)/.test:")[2]
    extras = re.search(r"'\.\[([\w,-]+)\]'", recipe)[1].split(",")
    required = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        required += PROJECT["project"]["optional-dependencies"][extra]
    return {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in required}


def skipped():
    """The packages that mypy is told not to look into."""
    (override,) = PROJECT["tool"]["mypy"]["overrides"]
    return {name.removesuffix(".*") for name in override["module"]}


def packages(tree):
    """The packages that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)


@pytest.mark.parametrize("folder", PROJECT["tool"]["mypy"]["packages"])
def test_what_mypy_follows_is_installed_wherever_it_runs(folder):
    distributions, there = packages_distributions(), always_there()
    ours = set(sys.stdlib_module_names) | set(PROJECT["tool"]["mypy"]["packages"]) | skipped()
    refused = set()
    for path in (ROOT / folder).rglob("*.py"):
        for name in set(packages(ast.parse(path.read_text()))) - ours:
            brought_by = {each.lower().replace("_", "-") for each in distributions.get(name, ())}
            if not brought_by & there:
                refused.add((path.name, name))
    assert refused == set()
