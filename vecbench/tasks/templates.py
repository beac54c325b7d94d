"""Prompt templates of strangers: Jinja2 in a sandbox, with a bound on what a prompt may take to make.

Whatever a template does is paid for beforehand with what it works on: characters of texts, elements of
lists, bits of numbers, and the nodes of a loop's body for each of its rounds. So `{{ "x" * 10**10 }}` ends at
once, as loops within loops do soon. What could not be priced is not there: templates have the filters, tests
and methods that are listed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from functools import lru_cache, wraps
from typing import Any

import jinja2
from jinja2 import meta, nodes, pass_context
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

BUDGET = 2 * 10**6
"""What one prompt may cost, which is spent in a second; listing a thousand labels costs some 100,000."""

FILTERS = frozenset(
    """
    abs batch capitalize center count d default dictsort e escape first float format groupby indent int
    items join last length list lower map max min reject rejectattr replace reverse round select
    selectattr slice sort string title tojson trim truncate unique upper wordcount wordwrap
    """.split()  # noqa: SIM905 - a list would take a page
)
TESTS = frozenset(
    """
    boolean defined divisibleby eq equalto even false filter float ge gt in integer iterable le lower lt
    mapping ne none number odd sequence string test true undefined upper == != > >= < <=
    """.split()  # noqa: SIM905 - a list would take a page
)
METHODS = frozenset(
    """
    capitalize casefold center count endswith find format get index isalnum isalpha isdecimal isdigit
    islower isnumeric isspace istitle isupper items join keys ljust lower lstrip partition removeprefix
    removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip
    swapcase title upper values zfill
    """.split()  # noqa: SIM905 - a list would take a page
)
"""Of texts, lists and objects."""

PER_ELEMENT = frozenset("indent join reject rejectattr select selectattr tojson wordwrap".split())  # noqa: SIM905
"""Whose arguments may be written, or compared, once an element of what they work on."""

_PURSE = "purse of the prompt"  # which no template can name
_COPYING = (nodes.List, nodes.Tuple, nodes.Dict)


class _Purse:
    """What is left for a prompt; `size` is the number of nodes of its template."""

    def __init__(self, size: int) -> None:
        self.left, self.size = BUDGET, size

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise jinja2.TemplateRuntimeError("the prompt takes too much time or memory to make")

    def pay_for(self, *values: object) -> int:
        """Spends what values weigh, element by element, and stops as soon as that is too much."""
        before = self.left
        ahead: list[Iterator[object]] = [iter(values)]
        while ahead:
            for value in ahead[-1]:
                self.spend(1)
                if isinstance(value, str | bytes | range):
                    self.spend(len(value))
                elif isinstance(value, int):
                    self.spend(value.bit_length() // 32)
                elif isinstance(value, Mapping):
                    ahead.append(iter([*value.keys(), *value.values()]))
                    break
                elif isinstance(value, list | tuple | set | frozenset):
                    ahead.append(iter(value))
                    break
            else:
                ahead.pop()
        return before - self.left


def _purse(context: Context) -> _Purse:
    purse: _Purse = context[_PURSE]
    return purse


def _pay_for_work(purse: _Purse, name: str, subject: object, arguments: Iterable[Any]) -> None:
    """Spends what a filter or method may make of a text, list or number."""
    given = list(arguments)
    weight = purse.pay_for(subject)
    # A number may be a width; so may one within a format.
    numbers = sum(abs(int(each)) for each in given if isinstance(each, int | float) and abs(each) < 2**64)
    if any(isinstance(each, int | float) and not abs(each) < 2**64 for each in given):
        numbers = BUDGET
    if name in {"format", "%"}:
        numbers += sum(int(digits[:20]) for digits in re.findall("[0-9]+", str(subject)))
    asked = purse.pay_for(*given) + numbers
    purse.spend(weight * asked if name in PER_ELEMENT else asked)
    if name == "join" and isinstance(subject, str):  # as a method it is its argument that has elements
        purse.spend(weight * asked)
    if name == "replace" and len(given) > 1:
        purse.spend((str(subject).count(str(given[0])) + 1) * len(str(given[1])))


@pass_context
def _paid(context: Context, value: Any) -> Any:
    _purse(context).pay_for(value)
    return value


@pass_context
def _joined(context: Context, *parts: Any) -> str:
    _purse(context).pay_for(*parts)
    return "".join(map(str, parts))


@pass_context
def _rounds(context: Context, values: Iterable[Any], price: int) -> Iterator[Any]:
    """The elements of a loop, each paid for with what its body has."""
    purse = _purse(context)
    for value in values:
        purse.spend(price)
        yield value


def _at_once(purse: _Purse, made: Any) -> Any:
    """What was made, paid for; a list of what would be made later."""
    made = list(made) if isinstance(made, Iterator | KeysView | ItemsView | ValuesView) else made
    purse.pay_for(made)
    return made


def _priced(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja2's that is paid for; what it makes is there at once and has been paid for too."""
    kind = getattr(plain, "jinja_pass_arg", None)

    @pass_context
    @wraps(plain, updated=())
    def filter_(context: Context, *arguments: Any, **named: Any) -> Any:
        purse = _purse(context)
        if arguments:
            _pay_for_work(purse, name, arguments[0], (*arguments[1:], *named.values()))
        first = {"context": context, "eval_context": context.eval_ctx, "environment": context.environment}
        given = arguments if kind is None else (first[kind.name], *arguments)
        made = plain(*given, **named)
        return _at_once(purse, made)

    return filter_


class _Paying(NodeTransformer):
    """Puts the price to what is no filter, call or operator: loops, lists, comparisons, joined texts."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        node = super().generic_visit(node, *args, **kwargs)
        line = node.lineno

        def through(name: str, value: nodes.Node, *further: nodes.Expr) -> Any:
            return nodes.Filter(value, name, list(further), [], None, None, lineno=line)

        if isinstance(node, nodes.For):
            if node.recursive:
                raise jinja2.TemplateSyntaxError("recursive loops are not there", line)
            size = sum(1 for _ in node.find_all(nodes.Node)) + 1
            node.iter = through("rounds of a loop", node.iter, nodes.Const(size, lineno=line))
        elif isinstance(node, nodes.Concat):
            return through("joined texts", node.nodes[0], *node.nodes[1:])
        elif isinstance(node, nodes.Compare):
            node.expr = through("what is paid", node.expr)
            for operand in node.ops:
                operand.expr = through("what is paid", operand.expr)
        elif isinstance(node, nodes.Test):
            node.args = [through("what is paid", each) for each in node.args]
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            node.node = through("what is paid", node.node)
        elif isinstance(node, _COPYING) and getattr(node, "ctx", "load") == "load":
            return through("what is paid", node)
        return node


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(autoescape=False, undefined=jinja2.StrictUndefined, optimized=False, finalize=_paid)
        self.filters = {name: _priced(name, self.filters[name]) for name in sorted(FILTERS)}
        self.filters |= {"what is paid": _paid, "joined texts": _joined, "rounds of a loop": _rounds}
        self.tests = {name: self.tests[name] for name in sorted(TESTS & self.tests.keys())}
        self.globals = {name: self.globals[name] for name in ("range", "dict")}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        purse = _purse(context)
        if operator == "%" and isinstance(left, str):
            if "*" in left:
                raise jinja2.TemplateRuntimeError("a format takes no width from its arguments")
            _pay_for_work(purse, "%", left, [right])
        weight = purse.pay_for(left, right)
        if operator == "*":
            times = next((each for each in (left, right) if isinstance(each, int)), 0)
            is_text = not isinstance(left, int | float) or not isinstance(right, int | float)
            purse.spend(weight * abs(times) if is_text else weight**2)
        elif operator == "**":
            purse.spend(weight * int(min(abs(right), BUDGET)) if isinstance(right, int | float) else BUDGET)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        purse, name = _purse(__context), getattr(__obj, "__name__", "")
        # The sandbox wraps `format`.
        owner = getattr(getattr(__obj, "__wrapped__", __obj), "__self__", None)
        named = {key: value for key, value in kwargs.items() if key not in {"_loop_vars", "_block_vars"}}
        if isinstance(owner, str | list | tuple | Mapping) and name in METHODS:
            _pay_for_work(purse, name, owner, (*args, *named.values()))
        elif isinstance(__obj, Macro):
            purse.spend(purse.size)
        elif isinstance(__obj, jinja2.Undefined):
            __obj()  # which says what is not there
        elif (
            __obj is not dict and __obj is not __self.globals["range"] and not isinstance(owner, LoopContext)
        ):
            raise jinja2.TemplateRuntimeError(f"{name or repr(__obj)[:60]} cannot be called in a prompt")
        return _at_once(purse, super().call(__context, __obj, *args, **kwargs))


_ENVIRONMENT = _Environment()


def _parsed(source: str) -> nodes.Template:
    try:
        return _ENVIRONMENT.parse(source)
    except (RecursionError, MemoryError, ValueError) as fault:
        raise jinja2.TemplateSyntaxError(_too_large(fault), 1) from None


@lru_cache(maxsize=64)
def _compiled(source: str) -> tuple[jinja2.Template, int]:
    tree = _parsed(source)
    try:
        size = sum(1 for _ in tree.find_all(nodes.Node))
        code = _ENVIRONMENT.compile(_Paying().visit(tree))
    except (RecursionError, MemoryError, ValueError, SyntaxError) as fault:
        raise jinja2.TemplateSyntaxError(_too_large(fault), 1) from None
    return jinja2.Template.from_code(_ENVIRONMENT, code, dict(_ENVIRONMENT.globals)), size


def _too_large(fault: Exception) -> str:
    return (
        f"it is nested too deeply, or a number in it is too long ({str(fault) or type(fault).__name__:.60})"
    )


@lru_cache(maxsize=64)
def names_in(source: str) -> frozenset[str]:
    """The variables that a template takes from outside.

    Raises:
        jinja2.TemplateSyntaxError: It is none, or has a filter or test that is not there.
    """
    _compiled(source)
    return frozenset(meta.find_undeclared_variables(_parsed(source)))


def rendered(source: str, variables: Mapping[str, Any]) -> str:
    """A template's text.

    Raises:
        jinja2.TemplateError: It is none, names what is not there, or costs more than `BUDGET`.
        Exception: Whatever else Python says of what it does.
    """
    template, size = _compiled(source)
    return template.render({**variables, _PURSE: _Purse(size)})
