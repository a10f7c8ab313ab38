import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.engine import protobuf

# The example of the format's own documentation: field 1 is 150.
ONE_FIFTY = b"\x08\x96\x01"


def test_a_varint_is_read() -> None:
    assert protobuf.integer(protobuf.decode(ONE_FIFTY), 1) == 150


def test_absent_fields_have_the_default_of_their_type() -> None:
    fields = protobuf.decode(b"")
    assert (protobuf.integer(fields, 1), protobuf.text(fields, 1), protobuf.double(fields, 1)) == (0, "", 0.0)


def test_the_last_value_of_a_singular_field_counts_and_a_repeated_one_keeps_all() -> None:
    fields = protobuf.decode(b"\x12\x01a\x12\x01b" + b"\x08\x01\x08\x00")
    assert protobuf.text(fields, 2) == "b"
    assert protobuf.messages(fields, 2) == [b"a", b"b"]
    assert protobuf.integer(fields, 1) == 0


def test_a_double_is_read_and_a_fixed32_beside_it_skipped() -> None:
    fields = protobuf.decode(b"\x1d\x00\x00\x80\x3f" + b"\x11\x00\x00\x00\x00\x00\x00\xf8\x3f")
    assert protobuf.double(fields, 2) == 1.5


@pytest.mark.parametrize("data", [b"\x08", b"\x08\x96", b"\x12\x05ab", b"\x11\x00", b"\x0b", b"\xff" * 20])
def test_what_is_cut_off_or_of_an_unknown_type_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"varint|beyond|wire type"):
        protobuf.decode(data)


@given(st.binary(max_size=64))
def test_no_input_raises_anything_but_valueerror(data: bytes) -> None:
    try:
        fields = protobuf.decode(data)
    except ValueError:
        return
    assert all(isinstance(value, int | bytes) for values in fields.values() for value in values)


def test_what_is_written_is_read_again() -> None:
    written = protobuf.encode({1: 150, 2: "ä", 3: b"\x00", 16: 2**63 - 1})
    assert written.startswith(ONE_FIFTY)
    fields = protobuf.decode(written)
    assert (protobuf.integer(fields, 1), protobuf.text(fields, 2), protobuf.raw(fields, 3)) == (150, "ä", b"\x00")
    assert protobuf.integer(fields, 16) == 2**63 - 1


def test_what_is_0_or_empty_is_not_written() -> None:
    assert protobuf.encode({1: 0, 2: "", 3: b""}) == b""
