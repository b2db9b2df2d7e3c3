"""Times as other programs write them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from amberfile.transfer import times

EIGHTH_OF_MAY = datetime(2023, 5, 8, 13, 56, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        "1:56 pm on 8 May, 2023",
        "2023-05-08T13:56:00Z",
        "2023-05-08T15:56:00+02:00",
        "2023-05-08 13:56:00",
        "2023-05-08 13:56 UTC",
        "Mon, 08 May 2023 13:56:00 GMT",
        "2023/05/08 (Mon) 13:56",
        1683554160,
        1683554160.0,
        1683554160000,
        "1683554160",
        "1683554160000000",
    ],
)
def test_a_time_is_read_in_many_forms(value: Any) -> None:
    assert times.read(value) == EIGHTH_OF_MAY


@pytest.mark.parametrize("value", ["May-08-2023", "8 May 2023", "May 8, 2023", "2023-05-08"])
def test_a_day_is_its_first_moment(value: str) -> None:
    assert times.read(value) == datetime(2023, 5, 8, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "soon",
        "32 May 2023",
        [],
        {},
        float("nan"),
        10**400,
        "0001-01-01T00:00+14:00",
    ],
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert times.read(value) is None
