"""The JSON Schema for editors: it knows every key, explains it, and takes the examples."""

import re

import pytest

from syncer.catalog.reading import read_file
from syncer.catalog.schema import mapping_schema
from syncer.catalog.supported import NOT_YET
from tests.catalog.test_files import EXAMPLE_ENV, EXAMPLES

SCHEMA = mapping_schema()

CONTRACT = {
    "": "version name description feishu database direction match pairing timezone settle computed weight fields "
    "children conflicts deletes schedule",
    "feishu": "app bitable approval contacts where on_leave",
    "feishu.bitable": "app_token table_id url",
    "feishu.approval": "approval_code since part",
    "feishu.contacts": "kind department private",
    "database": "connection table key capture watermark notify on_insert on_update where on_leave",
    "database.on_insert.*": "sequence value now",
    "database.on_update.*": "sequence value now",
    "fields.*": "field column direction required conflict merge values otherwise unknown trim case scale "
    "format parse split join default text link files columns through person",
    "fields.*.through": "table here there",
    "children.*": "part table key fields",
    "conflicts": "default tie tolerance deletes",
    "deletes": "from_feishu from_database guard",
    "deletes.from_feishu": "mark",
    "deletes.from_feishu.mark": "column value",
    "deletes.from_database": "mark",
    "deletes.from_database.mark": "field value",
    "deletes.guard": "lines share",
    "schedule": "every full timezone",
}  # fmt: skip


def resolve(shape: dict) -> dict:
    """A shape without references; of two choices the one that holds keys."""
    while "$ref" in shape or "anyOf" in shape:
        if "$ref" in shape:
            shape = {**SCHEMA["$defs"][shape["$ref"].rsplit("/", 1)[1]]}
        else:
            shape = next(choice for choice in shape["anyOf"] if "$ref" in choice or "properties" in choice)
    return shape


def shape_at(path: str) -> dict:
    shape = resolve(SCHEMA)
    for key in path.split(".") if path else ():
        shape = resolve(shape["properties"][key] if key != "*" else shape.get("items") or shape["additionalProperties"])
    return shape


@pytest.mark.parametrize("path", CONTRACT)
def test_every_key_of_the_contract_is_in_the_schema_and_nothing_else(path):
    shape = shape_at(path)
    assert list(shape["properties"]) == CONTRACT[path].split()
    assert shape["additionalProperties"] is False


@pytest.mark.parametrize("path", CONTRACT)
def test_every_key_is_explained(path):
    for name, shape in shape_at(path)["properties"].items():
        assert shape.get("description") or resolve(shape).get("description"), f"{path}.{name}"


def test_it_names_its_draft_and_speaks_no_python():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["required"] == ["version", "name", "feishu", "database", "fields"]
    assert not re.search(r"'type': 'null'|PT\d|'title': '[A-Z][a-z]+ [A-Z]", str(SCHEMA))
    assert shape_at("conflicts")["properties"]["tolerance"]["default"] == "2s"


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


def fits(value: object, shape: dict, where: str = "") -> list[str]:
    """What of a value a shape refuses: the few words of JSON Schema that ours uses."""
    if "$ref" in shape:
        return fits(value, SCHEMA["$defs"][shape["$ref"].rsplit("/", 1)[1]], where)
    if "anyOf" in shape:
        answers = [fits(value, choice, where) for choice in shape["anyOf"]]
        return [] if any(not answer for answer in answers) else answers[0]
    if "type" in shape and not isinstance(value, TYPES[shape["type"]]):
        return [f"{where} is no {shape['type']}"]
    if isinstance(value, dict):
        return fits_keys(value, shape, where)
    if isinstance(value, list):
        return [wrong for at, item in enumerate(value) for wrong in fits(item, shape["items"], f"{where}.{at}")]
    return fits_scalar(value, shape, where)


def fits_keys(value: dict, shape: dict, where: str) -> list[str]:
    known, more = shape.get("properties", {}), shape.get("additionalProperties", True)
    wrong = [f"{where}.{name} is missing" for name in shape.get("required", ()) if name not in value]
    for name, item in value.items():
        inner = known.get(name, more)
        if inner is False:
            wrong.append(f"{where}.{name} is unknown")
        elif inner is not True:
            wrong += fits(item, inner, f"{where}.{name}")
    return wrong


def fits_scalar(value: object, shape: dict, where: str) -> list[str]:
    if "enum" in shape and value not in shape["enum"]:
        return [f"{where} is none of {shape['enum']}"]
    if "const" in shape and value != shape["const"]:
        return [f"{where} is not {shape['const']}"]
    if "pattern" in shape and not re.search(shape["pattern"], value):
        return [f"{where} is not like {shape['pattern']}"]
    return []


@pytest.mark.parametrize("name", ["orders.yaml", "products.yaml"])
def test_the_examples_fit_the_schema(name):
    assert fits(read_file(EXAMPLES / name, EXAMPLE_ENV).data, SCHEMA) == []


def test_the_examples_bent_do_not_fit():
    data = read_file(EXAMPLES / "orders.yaml", EXAMPLE_ENV).data
    data["fields"][0]["colum"] = data["fields"][0].pop("column")
    data["schedule"]["every"] = "soon"
    assert fits(data, SCHEMA) == [
        ".fields.0.colum is unknown",
        ".schedule.every is not like ^[0-9]{1,6}[smhd]$",
    ]


def test_the_schema_of_marks_takes_words_and_marks():
    shape = {"$ref": "#/$defs/FromFeishu"}
    assert fits("ignore", shape) == fits({"mark": {"column": "deleted", "value": True}}, shape) == []
    assert fits("mark", shape)
    assert fits({"mark": {"field": "x", "value": True}}, shape)


def test_every_key_that_is_not_supported_yet_is_a_key_of_the_contract():
    for row in NOT_YET:
        *around, last = row.key
        assert last in shape_at(".".join(around))["properties"]
