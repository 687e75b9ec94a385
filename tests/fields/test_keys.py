"""Key columns: equal keys are equal values, whatever the driver returned."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pytest

from syncer.core.mapping import Misfit
from syncer.core.records import key_text, key_values
from syncer.fields.keys import key_value
from tests.fields.pairs import SHANGHAI

KEYS = [
    (7, Decimal(7)),
    (100, Decimal(100)),
    (2**63 - 1, Decimal(2**63 - 1)),
    (Decimal("1.50"), Decimal("1.5")),
    (0.1 + 0.2, Decimal("0.30000000000000004")),
    ("订单 🙂", "订单 🙂"),
    (True, True),
    (None, None),
    (UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff"), "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
    (date(2024, 1, 1), date(2024, 1, 1)),
    (datetime(2024, 1, 1, 8, tzinfo=SHANGHAI), datetime(2024, 1, 1, tzinfo=UTC)),
    (datetime(2024, 1, 1, 8), datetime(2024, 1, 1, 8, tzinfo=UTC)),
]


@pytest.mark.parametrize(("raw", "value"), KEYS)
def test_a_key_is_exact_and_survives_storage(raw, value):
    key = key_value(raw)
    assert key == value
    assert type(key) is type(value)
    assert key_values(key_text((key,))) == (key,)


@pytest.mark.parametrize("raw", [b"x", [1], {"a": 1}, time(1), float("nan"), Decimal("Infinity")])
def test_what_cannot_be_a_key_is_refused(raw):
    with pytest.raises(Misfit, match="part of a key"):
        key_value(raw)
