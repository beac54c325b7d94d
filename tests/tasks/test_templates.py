"""Templates come from strangers: whatever they do is bounded, and what prompts need works."""

import jinja2
import pytest

from vecbench.tasks.templates import names_in, rendered

ROW = {"labels": ["joy", "fear", "anger"], "noun": "emotion", "options": {"A": "x", "B": "y"}, "q": " Hi. "}

USUAL = {
    "{{ noun }}: {{ labels|join(', ') }}": "emotion: joy, fear, anger",
    "{% for letter, text in options.items() %}{{ letter }}. {{ text }} {% endfor %}": "A. x B. y ",
    "{{ q.strip().lower().replace('h', 'j') }}{{ 'x' if noun is defined else 'y' }}": "ji.x",
    "{{ '%.2f' % 0.5 }} {{ '%s!'|format(noun) }} {{ '{:>4}'.format(1) }}": "0.50 emotion!    1",
    "{% for l in labels %}{{ loop.index }}{{ l[:2] }}{% if not loop.last %}, {% endif %}{% endfor %}":
        "1jo, 2fe, 3an",
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) ~ m(noun) }}": "<1><emotion>",
    "{{ labels|map('upper')|list }} {{ 'joy' in labels }} {{ labels|length * 2 ** 3 }}":
        "['JOY', 'FEAR', 'ANGER'] True 24",
    "{{ range(3)|list }}{{ '-' * 5 }}{{ nope|default('d') }}{{ labels|batch(2)|list|length }}":
        "[0, 1, 2]-----d2",
    "{% set x %}{{ noun }}!{% endset %}{% filter upper %}{{ x }}{% endfilter %}": "EMOTION!",
}  # fmt: skip


def doubled(first, twice):
    return f"{{% set a = {first} %}}" + 60 * f"{{% set a = {twice} %}}" + "{{ a }}"


LONG = "{% set s = 'a' * 10000 %}{% set l = [1] * 10000 %}{% for i in range(99999) %}"
ENDLESS = [
    "{{ 'x' * 10**10 }}",
    "{{ [0] * 10**9 }}",
    "{{ 10**9 * (0,) }}",
    "{{ 2 ** (10**9) }}",
    "{{ 1.5|round(10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10**9) }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ 'x'|center(10**9) }}",
    "{{ 'x'.rjust(10**9) }}",
    "{{ 'x'.zfill(10**9) }}",
    "{{ 'x\n'|indent(10**9) }}",
    "{{ [[0]]|tojson(10**9) }}",
    "{{ labels|batch(10**9, 0)|list }}",
    "{{ labels|slice(10**9)|list }}",
    "{{ 'x'.expandtabs(10**9) }}",
    "{% set s = 'x' * 9**5 %}{{ s.replace('x', s) }}",
    "{% set s = 'x' * 9**5 %}{{ s|replace('x', s) }}",
    "{% set s = 'x' * 9**5 %}{{ s.join(s) }}",
    "{% set s = 'x' * 9**5 %}{{ s|join(s) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ lipsum(n=10**9) }}",
    "{% for a in [[1]] recursive %}{{ loop([a]) }}{{ loop([a]) }}{% endfor %}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    doubled("'x'", "a ~ a"),
    doubled("'x'", "a + a"),
    doubled("'x'", "a * 2"),
    doubled("[1]", "[a, a]"),
    doubled("(1,)", "(a, a)"),
    doubled("{}", "{1: a, 2: a}"),
    doubled("'x'", "a|list + a|list"),
    "{% set a %}x{% endset %}" + 60 * "{% set a %}{{ a }}{{ a }}{% endset %}",
    LONG + "{{ s }}{% endfor %}",
    LONG + "{{ s == s[1:] }}{% endfor %}",
    LONG + "{{ s.count('b') }}{% endfor %}",
    LONG + "{{ 2 in l }}{% endfor %}",
    LONG + "{% if 2 is in(l) %}{% endif %}{% endfor %}",
    LONG + "{{ s|length }}{% endfor %}",
    LONG + "{{ l|select('eq', 2)|list }}{% endfor %}",
    "{{ " + "9" * 5000 + " }}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ x" + "|upper" * 3000 + " }}",
    "{{ 1" + " + 1" * 5000 + " }}",
]


@pytest.mark.parametrize(("template", "said"), USUAL.items())
def test_what_prompts_need_works(template, said):
    assert rendered(template, ROW) == said


def test_a_list_of_a_thousand_labels_fits_well():
    labels = [f"label number {number}" for number in range(1000)]
    template = "{% for l in labels %}{{ loop.index }}. {{ l|upper }} ({{ noun }})\n{% endfor %}{{ labels }}"
    assert rendered(5 * template, ROW | {"labels": labels}).count("LABEL NUMBER 999") == 5


@pytest.mark.parametrize("template", ENDLESS, ids=range(len(ENDLESS)))
def test_what_never_ends_or_fills_the_memory_is_refused(template):
    with pytest.raises((jinja2.TemplateError, OverflowError, RecursionError)):
        rendered(template, ROW)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{% include 'x' %}",
        "{{ labels.append(1) }}",
        "{{ noun.encode() }}",
        "{{ cycler }}",
    ],
)
def test_nothing_is_reached_but_the_row(template):
    with pytest.raises((jinja2.TemplateError, TypeError)):
        rendered(template, ROW)
    assert ROW["labels"] == ["joy", "fear", "anger"]


def test_an_unknown_filter_is_told_before_anything_is_rendered():
    with pytest.raises(jinja2.TemplateSyntaxError, match="No filter named 'random'"):
        names_in("{{ labels|random }}")
    assert names_in("{% for l in labels %}{{ l ~ noun }}{% endfor %}") == {"labels", "noun"}
