"""The objects that ``--json`` prints, as the contract promises them: keys and types."""

NUMBER = (int, float)
TEXT_OR_NONE = (str, type(None))
NUMBER_OR_NONE = (int, float, type(None))
ANYTHING = object

COUNTS = {"created": int, "updated": int, "deleted": int}
GUARD = {"name": str, "counts": dict, "samples": list}


def run(counted="written", *, guarded=False):
    return {
        "mapping": str,
        "run": str,
        "status": str,
        "seconds": NUMBER,
        "read": {"feishu": int, "database": int},
        counted: {"feishu": COUNTS, "database": COUNTS},
        "linked": int,
        "conflicts": int,
        "failures": int,
        "held": int,
        "calls": dict,
        "guard": GUARD if guarded else type(None),
    }


STATUS = {
    "name": str,
    "state": str,
    "linked": int,
    "severed": int,
    "lag_seconds": NUMBER_OR_NONE,
    "last_run": TEXT_OR_NONE,
    "next_run": TEXT_OR_NONE,
    "open_conflicts": int,
    "open_failures": int,
    "held": int,
    "unverified": int,
    "warnings": list,
}

CONFLICT = {
    "id": int,
    "mapping": str,
    "record_id": TEXT_OR_NONE,
    "key": (dict, type(None)),
    "field": str,
    "base": ANYTHING,
    "feishu": ANYTHING,
    "database": ANYTHING,
    "policy": str,
    "state": str,
    "winner": TEXT_OR_NONE,
    "at": str,
}

FAILURE = {
    "id": int,
    "mapping": str,
    "side": str,
    "record_id": TEXT_OR_NONE,
    "key": (dict, type(None)),
    "field": str,
    "code": str,
    "message": str,
    "log_id": TEXT_OR_NONE,
    "attempts": int,
    "first_at": str,
    "last_at": str,
}


def demand(document, shape, where="$"):
    """Every key of the shape is there with its type; keys may have been added."""
    if isinstance(shape, dict):
        assert isinstance(document, dict), where
        assert shape.keys() <= document.keys(), f"{where} lacks {sorted(shape.keys() - document.keys())}"
        for name, inner in shape.items():
            demand(document[name], inner, f"{where}.{name}")
        return
    assert isinstance(document, shape), f"{where} is {document!r}"
    assert not isinstance(document, bool) or shape is ANYTHING, f"{where} is {document!r}"
