"""The filter of search: a tree of conditions, one level of children deep, turned into a test of one record.

Source: the record filter guide. What is not in its grammar is 1254018, an unknown field 1254045, a condition without
its `value` key a missing parameter.
"""

import operator as compare
from collections.abc import Callable, Mapping
from typing import Any

from syncer.simulator.cells.checkbox import Checkbox
from syncer.simulator.cells.kind import SPAN_OPERATORS, Reading
from syncer.simulator.cells.moment import Date
from syncer.simulator.cells.number import Number
from syncer.simulator.cells.person import User
from syncer.simulator.cells.select import MultiSelect, SingleSelect
from syncer.simulator.cells.serial import AutoNumber
from syncer.simulator.days import day_of, span
from syncer.simulator.errors import Refusal, invalid
from syncer.simulator.model import Field, Record, Stored

Test = Callable[[Record], bool]
_StoredTest = Callable[[Stored | None], bool]

MOST_CONDITIONS = 50
MOST_VALUES = 10
_SPANS: dict[str, Callable[[Any, Any], bool]] = {
    "isGreater": compare.gt,
    "isGreaterEqual": compare.ge,
    "isLess": compare.lt,
    "isLessEqual": compare.le,
}


def is_empty(given: object) -> bool:
    """Tell whether a filter asks nothing."""
    return not isinstance(given, dict) or not (given.get("conditions") or given.get("children"))


def parse(given: Any, reading: Reading, hidden: frozenset[str] = frozenset()) -> Test:
    """Return the test a filter means."""
    return _group(given, reading, hidden, deep=0)


def _group(given: Any, reading: Reading, hidden: frozenset[str], *, deep: int) -> Test:
    if not isinstance(given, dict) or given.get("conjunction") not in {"and", "or"}:
        raise Refusal(1254018)
    conditions, children = given.get("conditions") or [], given.get("children") or []
    if not isinstance(conditions, list) or not isinstance(children, list) or len(conditions) > MOST_CONDITIONS:
        raise Refusal(1254018)
    if children and deep:
        raise Refusal(1254018, "InvalidFilter: children may nest one level only")
    tests = [_condition(each, reading, hidden) for each in conditions]
    tests += [_group(each, reading, hidden, deep=1) for each in children]
    return _all(tests) if given["conjunction"] == "and" else _any(tests)


def _all(tests: list[Test]) -> Test:
    return lambda record: all(test(record) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda record: any(test(record) for test in tests)


def _condition(given: Any, reading: Reading, hidden: frozenset[str]) -> Test:
    if not isinstance(given, Mapping):
        raise Refusal(1254018)
    name, operator = given.get("field_name"), given.get("operator")
    of = reading.table.by_name.get(name) if isinstance(name, str) else None
    if of is None or name in hidden:
        raise Refusal(1254045)
    value = _value(given)
    if operator not in of.kind.operators:
        raise Refusal(1254018)
    test = _test(of, str(operator), value, reading)
    return lambda record: test(of.kind.stored(record, of, reading))


def _value(given: Mapping[str, Any]) -> list[str]:
    if given.get("value") is None:
        raise invalid("value", "Missing required parameter: Value")
    value = given["value"]
    if not isinstance(value, list) or len(value) > MOST_VALUES or not all(isinstance(each, str) for each in value):
        raise Refusal(1254018)
    return value


def _test(of: Field, operator: str, value: list[str], reading: Reading) -> _StoredTest:
    if operator == "isEmpty":
        return _nothing
    if operator == "isNotEmpty":
        return lambda stored: not _nothing(stored)
    if not value:
        raise Refusal(1254018)
    if isinstance(of.kind, Date):
        return _date_test(operator, value, reading)
    if isinstance(of.kind, Number | AutoNumber):
        return _number_test(of, operator, value, reading)
    if isinstance(of.kind, Checkbox):
        return _flag_test(value)
    return _word_test(of, operator, value, reading)


def _nothing(stored: Stored | None) -> bool:
    return stored is None or stored == "" or stored == []


def _flag_test(value: list[str]) -> _StoredTest:
    if value not in (["true"], ["false"]):
        raise Refusal(1254018)
    return lambda stored: bool(stored) == (value == ["true"])


def _number_test(of: Field, operator: str, value: list[str], reading: Reading) -> _StoredTest:
    try:
        wanted = float(value[0])
    except ValueError:
        raise Refusal(1254018) from None
    if len(value) > 1:
        raise Refusal(1254018)

    def actual(stored: Stored) -> float:
        return float(of.kind.order(stored, of, reading))

    if operator in SPAN_OPERATORS:
        return lambda stored: stored is not None and _SPANS[operator](actual(stored), wanted)
    return lambda stored: (stored is not None and actual(stored) == wanted) == (operator == "is")


def _date_test(operator: str, value: list[str], reading: Reading) -> _StoredTest:
    zone = reading.world.zone(reading.base)
    first, last = span(value, operator, reading.world.clock.now_ms(), zone)
    if operator == "isGreater":
        return lambda stored: stored is not None and day_of(stored, zone) > last
    if operator == "isLess":
        return lambda stored: stored is not None and day_of(stored, zone) < first
    return lambda stored: stored is not None and first <= day_of(stored, zone) <= last


def _word_test(of: Field, operator: str, value: list[str], reading: Reading) -> _StoredTest:
    listed = isinstance(of.kind, SingleSelect | MultiSelect | User) or of.type in {18, 21, 23}
    if len(value) > 1 and (operator in {"is", "isNot"} or not listed):
        raise Refusal(1254018)
    positive = operator in {"is", "contains"}
    holds = _holds_list(of, operator, value, reading) if listed else _holds_text(operator, value[0])
    return lambda stored: holds([] if _nothing(stored) else of.kind.words(stored, of, reading)) == positive


def _holds_text(operator: str, wanted: str) -> Callable[[list[str]], bool]:
    if operator in {"is", "isNot"}:
        return lambda words: words == [wanted]
    return lambda words: any(wanted in word for word in words)


def _holds_list(of: Field, operator: str, value: list[str], reading: Reading) -> Callable[[list[str]], bool]:
    if operator in {"is", "isNot"}:
        return lambda words: set(words) == set(value)
    if isinstance(of.kind, SingleSelect) or reading.world.switches.contains_many == "any":
        return lambda words: not set(value).isdisjoint(words)
    return lambda words: set(value) <= set(words)
