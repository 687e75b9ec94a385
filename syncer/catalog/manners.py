"""The keys of a pair that say how its values are treated: ``unknown``, ``case``, ``scale`` and their like."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from syncer.core.mapping import Manner
from syncer.core.records import Side
from syncer.fields.forms import ImpossiblePair
from syncer.fields.transforms import power_of_ten
from syncer.fields.wordings import wording

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://[^/\s]", re.IGNORECASE)
_CASES = ("lower", "upper")
_UNKNOWN = ("create", "reject", "empty")


def _an_unknown(given: object) -> object:
    if given in _UNKNOWN:
        return given
    if (
        isinstance(given, Mapping)
        and given.keys() == {"default"}
        and isinstance(given["default"], str)
        and given["default"]
    ):
        return given
    raise ValueError("is none of create, reject, empty, {default: an option}")


def _a_case(given: object) -> object:
    if given in _CASES:
        return given
    if (
        isinstance(given, Mapping)
        and given
        and set(given) <= set(Side)
        and all(one in _CASES for one in given.values())
    ):
        return given
    raise ValueError("is none of lower, upper, {feishu: upper, database: lower}")


def _a_scale(given: object) -> object:
    wrong = ValueError("is no power of ten such as 100 or 0.001; other factors lose digits")
    if not isinstance(given, str | int | float) or isinstance(given, bool):
        raise wrong
    try:
        power_of_ten(str(given))
    except (ImpossiblePair, ArithmeticError) as error:
        raise wrong from error
    return str(given)


def _a_format(text: str) -> str:
    try:
        wording(text)
    except ImpossiblePair as impossible:
        raise ValueError(f"is no format: {impossible.reason}") from None
    return text


def _a_folder(text: str) -> str:
    local = text.startswith("/") and text.strip("/")
    if not (local or _ADDRESS.match(text)) or "::" in text or "/../" in f"{text}/":
        raise ValueError("is no folder; write a whole path such as /srv/files, or an address such as s3://bucket/a")
    return text.rstrip("/")


def _a_separator(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank; write what stands between the values, such as a comma")
    return text


Unknown = Annotated[
    Any,
    BeforeValidator(_an_unknown),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(_UNKNOWN)},
                {
                    "type": "object",
                    "properties": {"default": {"type": "string", "minLength": 1}},
                    "required": ["default"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Case = Annotated[
    Any,
    BeforeValidator(_a_case),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(_CASES)},
                {
                    "type": "object",
                    "properties": {side.value: {"type": "string", "enum": list(_CASES)} for side in Side},
                    "minProperties": 1,
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Scale = Annotated[str, BeforeValidator(_a_scale), WithJsonSchema({"type": ["number", "string"]})]
Otherwise = Annotated[dict[Literal["feishu", "database"], str], Field(min_length=1)]
Format = Annotated[str, AfterValidator(_a_format), WithJsonSchema({"type": "string", "minLength": 1})]
Parse = Annotated[tuple[Format, ...], Field(strict=False, min_length=1)]
Folder = Annotated[str, AfterValidator(_a_folder), WithJsonSchema({"type": "string", "minLength": 1})]
Separator = Annotated[str, AfterValidator(_a_separator), WithJsonSchema({"type": "string", "minLength": 1})]


def manner_of(pair: Any) -> Manner:
    """The manner of a pair of the document (``document.FieldPair``)."""
    case: Mapping[str, Any] = {Side.DATABASE: pair.case} if isinstance(pair.case, str) else pair.case or {}
    instead = pair.unknown["default"] if isinstance(pair.unknown, Mapping) else None
    return Manner(
        segments=pair.text == "segments",
        unknown="default" if instead else pair.unknown,
        instead=instead,
        otherwise=tuple((side, pair.otherwise[side]) for side in Side if side in (pair.otherwise or {})),
        trim=pair.trim,
        case_feishu=case.get(Side.FEISHU),
        case_database=case.get(Side.DATABASE),
        scale=pair.scale,
        format=pair.format,
        parse=pair.parse or (),
        split=pair.split,
        join=pair.join,
        person=pair.person,
        link=pair.link,
        files=pair.files.folder if pair.files else None,
        file_sources=pair.files.sources if pair.files else (),
        file_name=pair.files.name if pair.files else None,
    )
