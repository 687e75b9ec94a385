"""What a field's `property` may hold, per type; a fault is 1254080-1254096. Source: the field editing guide."""

from typing import Any

from syncer.simulator.errors import Refusal
from syncer.simulator.model import Base

_CODES = {
    1: 1254080, 2: 1254081, 3: 1254082, 4: 1254083, 5: 1254084, 7: 1254085, 11: 1254086, 15: 1254087, 17: 1254088,
    18: 1254089, 19: 1254090, 20: 1254091, 21: 1254092, 1001: 1254093, 1002: 1254094, 1003: 1254095, 1004: 1254096,
}  # fmt: skip
_NUMBER_FORMS = frozenset(
    {"0", "0.0", "0.00", "0.000", "0.0000", "1,000", "1,000.00", "%", "0%", "0.00%", "0.0%", "¥", "¥0.00", "$", "$0.00"}
)
_CURRENCIES = {
    "CNY", "USD", "EUR", "GBP", "AED", "AUD", "BRL", "CAD", "CHF", "HKD", "INR", "IDR", "JPY", "KRW", "MOP", "MXN",
    "MYR", "PHP", "PLN", "RUB", "SGD", "THB", "TRY", "TWD", "VND",
}  # fmt: skip
_DEFAULTS: dict[str, dict[str, Any]] = {
    "Number": {"formatter": "0.0"},
    "DateTime": {"date_formatter": "yyyy/MM/dd", "auto_fill": False},
    "User": {"multiple": True},
    "SingleLink": {"multiple": True},
    "DuplexLink": {"multiple": True},
    "GroupChat": {"multiple": True},
    "CreatedTime": {"date_formatter": "yyyy/MM/dd"},
    "ModifiedTime": {"date_formatter": "yyyy/MM/dd"},
    "AutoNumber": {"auto_serial": {"type": "auto_increment_number", "options": []}},
}
_BARE_TYPES = {7, 15}
_COLORS = 55


def checked(number: int, ui_type: str, given: Any, base: Base) -> dict[str, Any]:
    """Return a property with its defaults filled in, options included; Refusal when it does not fit the type."""
    wrong = Refusal(_CODES.get(number, 1254080))
    if given is not None and (number in _BARE_TYPES or not isinstance(given, dict)):
        raise wrong
    found = {**_DEFAULTS.get(ui_type, {}), **(given or {})}
    if not _fits(number, ui_type, found, base):
        raise wrong
    return found


def _fits(number: int, ui_type: str, found: dict[str, Any], base: Base) -> bool:
    if not isinstance(found.get("multiple", True), bool):
        return False
    if number == 2:
        return _number_fits(ui_type, found)
    if number in {3, 4}:
        return _options_fit(found.get("options", []))
    if number in {18, 21}:
        return found.get("table_id") in base.tables
    return True


def _number_fits(ui_type: str, found: dict[str, Any]) -> bool:
    if ui_type == "Rating":
        return found.get("min", 0) in {0, 1} and 1 <= found.get("max", 5) <= 10
    if ui_type == "Currency":
        return "formatter" in found and found.get("currency_code") in _CURRENCIES
    return found.get("formatter") in _NUMBER_FORMS


def _options_fit(options: Any) -> bool:
    if not isinstance(options, list) or not all(isinstance(each, dict) for each in options):
        return False
    if any(not isinstance(each.get("name"), str) or not each["name"] for each in options):
        raise Refusal(1254026)
    return all(each.get("color", 0) in range(_COLORS) for each in options)
