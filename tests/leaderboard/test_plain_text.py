"""Names that deceive a reader, a spreadsheet, LaTeX, Markdown or a browser are refused or stay text."""

import csv
import io
import itertools
import json
import re
from pathlib import Path

import confusable_homoglyphs
import pytest
from pydantic import TypeAdapter, ValidationError

from vecbench.errors import UsageError
from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.look_alikes import look_alike
from vecbench.leaderboard.publication import build, publish
from vecbench.leaderboard.record import Date, Link, Note, ShortText
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
[DEMO] = (leaderboards_folder() / "demo" / "entries").glob("*.json")


def accepted(shape, text):
    return TypeAdapter(shape).validate_python(text)


def refusal(shape, text):
    with pytest.raises(ValidationError) as refused:
        accepted(shape, text)
    return refused.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "name",
    [
        "Qwen2.5-VL-7B + stage 1",
        "<script>alert(1)</script>",
        "通义千问 VL-7B",
        "Модель-2",
        "β-VAE (α=0.5)",
        "Crème brûlée 🤗",
        "이미지 모델 x2",
        "A/B, v1.0; stage 2",
        "भाषा मॉडल",
        "โมเดล ๑",
        "Qwen模型",
        "Việt Łódź Straße",
    ],
)
def test_an_honest_name_is_taken(name):
    assert accepted(ShortText, name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gpt\u202etxet", "U+202E"),  # writes from right to left
        ("gpt\u2066x\u2069", "U+2066"),
        ("gp\u200bt", "U+200B"),  # zero width
        ("gp\u200dt", "U+200D"),
        ("gp\u00adt", "U+00AD"),  # soft hyphen
        ("gpt\ufeff", "U+FEFF"),
        ("gpt\u3164", "U+3164"),  # letters that show nothing
        ("gpt\u2800", "U+2800"),
        ("gp\u034ft", "U+034F"),
        ("gp\ufe0ft", "U+FE0F"),
        ("gp\U000e0101t", "U+E0101"),
        ("gpt\u00a05", "U+00A0"),  # spaces that are none
        ("gpt\u20035", "U+2003"),
        ("gpt\u2028x", "U+2028"),
        ("gpt\x00", "U+0000"),
        ("gpt\x1b[2J", "U+001B"),
        ("gpt\ue000", "U+E000"),  # private use
        ("Z\u0335\u0336\u0337\u0338algo", "marks on one letter"),
        ("\u0435mocaliber", "Cyrillic and Latin in one word"),
        ("\u039fmega", "Greek and Latin in one word"),
        ("\ud800", "unicode"),  # half a character
        ("EmoC\u0251liber", "U+0251"),  # letters of phonetics
        ("EmoCa\u029fiber", "U+029F"),
        ("EmoCaliber\u02bc", "U+02BC"),
        ("Emo\u017fon", "U+017F"),
        ("Emo\u05e1aliber", "Hebrew and Latin in one word"),
    ],
)
def test_a_name_that_shows_something_else_than_it_is_is_refused(name, said):
    assert said in refusal(ShortText, name)


@pytest.mark.parametrize(
    "name",
    [
        "=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\uff1dcmd", " =1+1", "A;=1+1", 'A,"=1+1', "A| =1", "A;\t@x",
    ],
)  # fmt: skip
def test_a_name_that_a_spreadsheet_takes_for_a_formula_is_refused(name):
    assert "spreadsheets" in refusal(ShortText, name) or "U+0009" in refusal(ShortText, name)


@pytest.mark.parametrize("name", ["cafe\u0301", "\u1100\u1161"])
def test_one_name_has_one_spelling(name):
    assert len(accepted(ShortText, name)) < len(name)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", "https:example.org", "//example.org",
        "https://example.org/\u202e", 'https://example.org/"onload=x', "https://example.org/x y",
        "https://example.org/)[x", "https://user@example.org/", "https://\u0435xample.org/",
        "https://example.org/`x`", "https://example.org/<b>", "vbscript:x", "https://example.org\n",
        "https://example.org/|", "https://example.org/\\input", "ftp://example.org/",
    ],
)  # fmt: skip
def test_a_link_that_is_more_than_a_web_address_is_refused(link):
    assert "web address" in refusal(Link, link)


@pytest.mark.parametrize(
    "date",
    [
        "0001-01-01",
        "1969-12-31",
        "9999-12-31",
        "2100-01-01",
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "2026-W01",
        "yesterday",
        "",
    ],
)
def test_an_absurd_date_is_refused(date):
    refusal(Date, date)


@pytest.mark.parametrize(("shape", "length"), [(ShortText, 121), (Note, 1001), (Link, 501)])
def test_a_very_long_text_is_refused(shape, length):
    assert "at most" in refusal(shape, "https://example.org/" + "a" * (length - 20))
    assert "at most" in refusal(shape, "a" * 10_000_000)


def demo_entry(**changes):
    said = json.loads(DEMO.read_text())
    return Entry.model_validate(said | changes)


@pytest.mark.parametrize(
    "other",
    ["vecbench-nan\u03bf", "VECBENCH-NANO", "vecbench\u2010nano", "vecbench-nan0", "vecbench\u2013nano"],
)
def test_a_name_that_looks_like_anothers_is_refused_by_the_board(tmp_path, other):
    publish(demo_entry(), tmp_path)
    if other.endswith("\u03bf"):  # in one word with Latin letters it is no name at all
        assert look_alike(other, "vecbench-nano")
        return
    with pytest.raises(UsageError, match="looks the same and is not"):
        publish(
            demo_entry(model={"name": other}, submission_sha256="1" * 64, responses_sha256="1" * 64), tmp_path
        )


def test_names_that_differ_look_different():
    names = [
        "Qwen2.5-VL-7B",
        "Qwen2.5-VL-72B",
        "Qwen2-VL-7B",
        "EmoCaliber",
        "EmoCaliber (paper)",
        "模型",
        "模形",
        "Model 1.5",
        "Model 15",
        "Model 1-5",
        "Model 1 15",
        "Model+",
        "Model*",
        "コーヒー",
        "コヒ",
        "???",
        "🤗",
    ]
    assert [(a, b) for a, b in itertools.combinations(names, 2) if look_alike(a, b)] == []


@pytest.mark.parametrize(
    "other",
    [
        "EmoCa|iber", "EmoCaliber.", "Emo Caliber", "ErnoCaliber", "EmoCaliber ✓", "EmoCaliber™",
        "EmoCaliber!",
        "EmoCa!iber", "EmoCal.iber", "(EmoCaliber)", "Ěmocaliber", "EmoCałiber", "EmoC@liber", "EmoCaliber~",
        "𝐄moCaliber", "EMOCALIBER", "Emo-Caliber",
    ],
)  # fmt: skip
def test_names_that_differ_in_what_is_overlooked_look_alike(other):
    assert accepted(ShortText, other) != "EmoCaliber"
    assert look_alike(other, "EmoCaliber")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Model 1.5", "Model l.5"),
        ("Model 1-5", "Model 1\u20135"),
        ("Model 1 5", "Model 1_5"),
        ("\u0410\u0420\u0422", "APT"),
        ("\ua4d6\ua4d1\ua4d4", "GPT"),  # Lisu, in the shapes of Latin capitals
        ("\u03c9\u03c1\u03b7", "wpn"),
        ("\u041d\u0415\u0412\u0410", "HEBA"),
        ("M\u00f8del", "Model"),
    ],
)
def test_letters_and_signs_of_the_shape_of_others_look_alike(one, other):
    assert look_alike(accepted(ShortText, one), accepted(ShortText, other))


@pytest.mark.parametrize(
    "other",
    [
        "Qwen2.5-VL-7B Mode|",
        "Qwen2.5\u2212VL\u22127B Model", "Qwen2.5-VL-7B M\u0966del", "Qwen2.5-VL-7B M\u00b0del",
        "Qwen2.5-VL-7B M\u25cbdel", "Qwen2.5-VL-7B M\u25e6del", "Qwen2.5-VL-7B Mode\u4e28",
        "Qwen2.5-VL-7B Mode\u3163", "Qwen2.5-VL-7B M\u3147del", "Qwen2.5-\u2228L-7B Model",
        "Qwen2.5-VL-7B Mod\u212el", "Qwen2.5-VL-7B Mode\u23fd", "Qwen2.5-VL-7B Mode\u06f1",
        "Qwen2.5-VL-7B Model'", "Qwen2\u00b75-VL-7B Model", "Qwen2,5-VL-7B Model", "QWEN2.5-VL-7B MODE1",
    ],
)  # fmt: skip
def test_signs_and_digits_of_other_scripts_look_like_the_letters_that_they_resemble(other):
    assert look_alike(accepted(ShortText, other), "Qwen2.5-VL-7B Model")


def test_every_confusable_of_unicode_looks_alike_or_is_no_name():
    """Every sign that Unicode's list (UTS 39) gives for an ASCII letter or digit, within a word."""
    table = json.loads((Path(confusable_homoglyphs.__file__).parent / "confusables.json").read_text("utf-8"))
    alike = {
        (plain, other["c"])
        for plain, listed in table.items()
        for other in listed
        if len(plain) == len(other["c"]) == 1
        and plain.isascii()
        and plain.isalnum()
        and not other["c"].isascii()
    }
    assert len(alike) > 1000
    taken = [(f"Qw{plain}n", f"Qw{other}n") for plain, other in alike if is_taken(f"Qw{other}n")]
    assert [pair for pair in taken if not look_alike(*pair)] == []


def is_taken(name):
    try:
        return bool(TypeAdapter(ShortText).validate_python(name))
    except ValidationError:
        return False


HOSTILE = [
    r"\input{/etc/passwd}", r"\write18{id}", "^^5cinput x", r"}\end{tabular}\input x", "[1cm] x", "*x",
    "% comment", "a & b", "x|y", "[x](javascript:alert(1))", "![x](https://example.org/x)", "`x` <b>y</b>",
    "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "{% include 'x' %}", "&lt;script&gt;", "$(id)", "\"><b",
    "'", "http://evil.example/", "www.evil.example", "x@evil.example", "mailto:x@evil.example", "ftp://a.b",
    "</script><script>x", "a,b\"c", "https://example.org/", "--x", "~~x~~", "@ada", "#1",
]  # fmt: skip


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A leaderboard of reported entries with hostile names, notes and sources."""
    folder = tmp_path_factory.mktemp("board")
    (folder / "entries").mkdir()
    for place, name in enumerate(HOSTILE):
        texts = name if name[0] not in "-@" else f"x {name}"
        said = {
            "benchmark": "demo",
            "kind": "reported",
            "model": {"name": texts},
            "source": {"name": texts},
            "notes": [name],
            "groups": {"demo_id_ver": {"macro": {"accuracy": {"value": 0.5}}}},
        }
        (folder / "entries" / f"{place:02}.json").write_text(json.dumps(said))
    build(folder, folder, CATALOGUE)
    return folder


def test_hostile_names_are_whole_in_the_csv_and_no_formula(board):
    rows = list(csv.DictReader(io.StringIO((board / "leaderboard.csv").read_text())))
    assert {row["model"].removeprefix("x ") for row in rows} == set(HOSTILE)
    assert not any(value.startswith(tuple("=+-@\t\r")) for row in rows for value in row.values())


def test_hostile_names_are_text_in_latex(board):
    text = (board / "leaderboard.tex").read_text()
    assert r"\textbackslash{}input\{/etc/passwd\}" in text
    assert r"\textasciicircum{}\textasciicircum{}5cinput x" in text
    # A bracket or a star behind the end of a line would be the argument of that end.
    assert "\n{}[1cm] x & " in text
    assert "\n{}*x & " in text
    commands = {"begin", "end", "toprule", "midrule", "bottomrule", "cmidrule", "multicolumn"}
    commands |= {
        f"text{each}" for each in ("backslash", "asciicircum", "asciitilde", "less", "greater", "bar")
    }
    body = text.replace(r"\\", "")
    for part in body.split("\\")[1:]:
        assert part[0] in "&%$#_{}" or any(part.startswith(each) for each in commands), part[:20]
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1


def test_hostile_names_are_text_in_markdown(board):
    text = (board / "README.md").read_text()
    assert "<script" not in text.lower()
    assert "<img" not in text
    links = re.findall(r"(?<!\\)\]\(([^)]*)\)", text)
    assert set(links) == {"index.html", "leaderboard.csv", "leaderboard.tex"}
    # What GitHub links without any markup: cmark-gfm looks for these in the text between two elements.
    assert not re.search(r"(?i)www\.|[a-z]://|[\w.+-]\\?@\w", text)
    table = [line for line in text.splitlines() if line.startswith("| ") and "50.00" in line]
    assert len(table) == len(HOSTILE)
    cells = [line.replace(r"\|", "").count("|") for line in table]
    assert set(cells) == {cells[0]}


def test_hostile_names_are_text_in_the_page(board):
    from html.parser import HTMLParser

    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.seen, self.odd = set(), []

        def handle_starttag(self, tag, attrs):
            self.seen.add(tag)
            self.odd += [name for name, _ in attrs if name.startswith("on") or name == "style"]

    tags = Tags()
    tags.feed((board / "index.html").read_text())
    assert tags.odd == []
    assert not tags.seen & {"img", "iframe", "object", "embed", "form", "base", "svg", "b"}
