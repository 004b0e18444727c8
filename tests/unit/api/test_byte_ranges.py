"""Laws of ranges and entity tags: which bytes of an object a request gets."""

import pytest

from api.byte_ranges import ByteRange, is_known, wanted_range
from jobs.errors import RangeNotSatisfiable

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=-5", 95, 99),
        ("bytes=-500", 0, 99),
        ("bytes=50-5000", 50, 99),
        ("BYTES= 1-2", 1, 2),
    ],
)
def test_a_single_range_is_clipped_to_the_object(header: str, first: int, last: int) -> None:
    found = wanted_range(header, None, ETAG, 100)

    assert found == ByteRange(first, last, 100)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=", "bytes=-", "bytes=9-3", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "bytes=" + "9" * 40],
)
def test_a_range_that_is_none_or_several_gives_the_whole_object(header: str | None) -> None:
    assert wanted_range(header, None, ETAG, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable, match="100 bytes"):
        wanted_range(header, None, ETAG, 100)


@pytest.mark.parametrize("if_range", ['"other"', 'W/"abc"', "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_range_of_another_representation_gives_the_whole_object(if_range: str) -> None:
    assert wanted_range("bytes=0-1", if_range, ETAG, 100) is None
    assert wanted_range("bytes=0-1", ETAG, ETAG, 100) == ByteRange(0, 1, 100)


def test_content_range_tells_first_last_and_size() -> None:
    part = ByteRange(10, 19, 100)

    assert part.content_range == "bytes 10-19/100"
    assert part.length == 10


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("*", True),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x"', False),
        ("abc", False),
    ],
)
def test_if_none_match_compares_weakly_and_any_of_a_list(header: str | None, expected: bool) -> None:
    assert is_known(header, ETAG) is expected
