"""What the runtimes can do."""

from __future__ import annotations

import pytest

from calib_data.errors import UserError
from convert.flatbuffer import OpCount
from convert.policy import minimum_runtime, taken_by, version_key


def test_the_newest_operation_decides() -> None:
    ops = [OpCount("CONV_2D", 3, "int8", "int8", 5), OpCount("RSQRT", 3, "int16", "int16", 1)]
    assert minimum_runtime(ops) == ("2.15", ("RSQRT v3 (int16)",))


def test_versions_compare_as_numbers() -> None:
    assert version_key("2.9") < version_key("2.14") < version_key("2.14.1")
    with pytest.raises(UserError, match=r"'2\.x' is not a version"):
        version_key("2.x")


def test_an_operation_that_the_table_lacks_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(UserError, match="CONV_2D version 99"):
        minimum_runtime([OpCount("CONV_2D", 99, "", "int8", 1)])


def test_back_ends() -> None:
    assert taken_by("gpu", "CONV_2D", "float32")
    assert not taken_by("gpu", "CONV_2D", "int8")
    assert taken_by("xnnpack", "CONV_2D", "int8")
    assert not taken_by("xnnpack", "RSQRT", "int8")
    assert not taken_by("xnnpack", "CONV_2D", "int16")
