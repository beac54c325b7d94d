import pytest

from vecbench.parsing.confidence import hundredth, numeral_value, read_confidence, with_plain_numerals


@pytest.mark.parametrize(
    ("written", "value"), [("0.9", 0.9), ("0,9", 0.9), (".9", 0.9), ("-9.", -9.0), ("9e-1", 0.9)]
)
def test_a_numeral_has_its_value(written, value):
    assert numeral_value(written) == value


def test_a_percentage_is_the_value_that_its_decimal_is():
    assert hundredth("90.5") == 0.905
    assert hundredth("-2,9") == -0.029


@pytest.mark.parametrize("exponent", ["9999999999", "99999999999999999999"])
def test_exponents_of_many_digits_are_numbers_outside_any_range(exponent):
    assert hundredth(f"1e{exponent}") == float("inf")
    assert read_confidence(f"1e{exponent}%") == (None, "out_of_range")


def test_digits_and_signs_of_other_scripts_are_plain_and_superscripts_are_refused():
    assert with_plain_numerals("\u0660\u066b\u0669 \u2212\uff15 X") == "0.9 -5 x"
    assert with_plain_numerals("0.9\u00b2") is None
