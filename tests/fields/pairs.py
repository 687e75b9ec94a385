"""The pairs the laws are tried on: a field type, a column as SQL and as ``ColumnInfo``, and what both may hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from syncer.core.mapping import AS_IT_IS, Direction, Manner, Misfit, Translator
from syncer.core.records import Side
from syncer.fields.registry import translator
from syncer.fields.timezones import zone
from syncer.ports import ColumnInfo, FieldInfo
from tests.fields.values import (
    ENUM,
    almost_json,
    choices,
    clocks,
    dates_in_words,
    days,
    decimals,
    digits,
    float_edges,
    floats,
    instants,
    is_span,
    json_texts,
    just_ids,
    lists,
    moments,
    moods,
    names,
    numeral_segments,
    numerals,
    numerics,
    people,
    phones,
    places,
    rich,
    segment,
    segments,
    singles,
    spans,
    texts,
    urls,
    walls,
    whole,
    written_json,
)

SHANGHAI = zone("Asia/Shanghai")
F, D = Side
BERLIN = zone("Europe/Berlin")
APIA = zone("Pacific/Apia")


def pair(
    field_type: int,
    column_type: str,
    *,
    values: dict[str, str] | None = None,
    timezone: ZoneInfo = SHANGHAI,
    direction: Direction = Direction.BOTH,
    manner: Manner = AS_IT_IS,
    field: Mapping[str, Any] = {},
    **column: object,
) -> Translator:
    """A translator of a field called 金额 and a column called amount; ``field`` is what else is known of the field."""
    here = FieldInfo("fld1", "金额", field_type, **{"ui_type": "", **field})
    info = ColumnInfo("amount", column_type, **column)  # type: ignore[arg-type]
    return translator(here, info, values=values, manner=manner, timezone=timezone, direction=direction)


def fits(carry, *values):
    """The values carried, those left out that do not fit."""
    carried = []
    for value in values:
        try:
            carried.append(carry(value))
        except Misfit:
            continue
    return carried


@dataclass(frozen=True)
class Case:
    """``cells`` as ``search`` shows them, ``held`` as the driver returns it; both may also be empty."""

    name: str
    sql: str
    translator: Translator
    cells: st.SearchStrategy
    held: st.SearchStrategy


def case(name, sql, made, cells, held):
    return Case(name, sql, made, st.none() | cells, held if "NOT NULL" in sql else st.none() | held)


LABELS = {"待处理": "new", "已发货": "shipped", "新": "新"}
CODES = {"待处理": "0", "已发货": "10", "取消": "-1"}
labels = st.sampled_from([*sorted(LABELS), "别的"])

CASES = [
    case("text-text", "text", pair(1, "text"), segments, texts),
    case("text-text-not-null", "text NOT NULL", pair(1, "text", nullable=False), segments, texts),
    case("text-varchar", "varchar(6)", pair(1, "varchar", length=6), segments, texts.map(lambda text: text[:6])),
    case("text-char", "char(6)", pair(1, "bpchar", length=6), segments, texts.map(lambda text: text[:6].ljust(6))),
    case(
        "text-char-not-null",
        "char(6) NOT NULL",
        pair(1, "bpchar", length=6, nullable=False),
        segments,
        texts.map(lambda text: text[:6].ljust(6)),
    ),
    case(
        "text-uuid",
        "uuid",
        pair(1, "uuid"),
        st.uuids().map(lambda it: [{"type": "text", "text": str(it).upper()}]),
        st.uuids(),
    ),
    case("text-int8", "int8", pair(1, "int8"), numeral_segments, whole(8)),
    case("text-int2", "int2", pair(1, "int2"), numeral_segments, whole(2)),
    case("text-numeric", "numeric", pair(1, "numeric"), numeral_segments, decimals),
    case(
        "text-numeric-scaled",
        "numeric(24,2)",
        pair(1, "numeric", precision=24, scale=2),
        numeral_segments,
        numerics(24, 2),
    ),
    case(
        "text-enum",
        "mood",
        pair(1, "mood", enum=ENUM),
        st.sampled_from(ENUM).map(lambda it: [{"text": it}]),
        st.sampled_from(ENUM),
    ),
    case("number-int2", "int2", pair(2, "int2"), floats, whole(2)),
    case("number-int4", "int4 NOT NULL", pair(2, "int4", nullable=False), floats, whole(4)),
    case("number-int8", "int8", pair(2, "int8"), floats, whole(8)),
    case("number-numeric", "numeric", pair(2, "numeric"), floats, decimals),
    case("number-numeric-10-2", "numeric(10,2)", pair(2, "numeric", precision=10, scale=2), floats, numerics(10, 2)),
    case(
        "number-numeric-38-10",
        "numeric(38,10)",
        pair(2, "numeric", precision=38, scale=10),
        floats,
        decimals.map(lambda value: value.quantize(Decimal("1E-6"))),
    ),
    case(
        "number-numeric-negative",
        "numeric(5,-2)",
        pair(2, "numeric", precision=5, scale=-2),
        floats,
        st.integers(-9999, 9999).map(lambda hundreds: Decimal(hundreds * 100)),
    ),
    case(
        "number-numeric-tiny",
        "numeric(2,4)",
        pair(2, "numeric", precision=2, scale=4),
        floats,
        st.integers(-99, 99).map(lambda tiny: Decimal(tiny).scaleb(-4)),
    ),
    case("number-float4", "float4", pair(2, "float4"), floats, singles),
    case("number-float8", "float8", pair(2, "float8"), floats, st.floats(allow_nan=False, allow_infinity=False)),
    case("select-text", "text", pair(3, "text"), names, texts),
    case(
        "select-varchar",
        "varchar(5) NOT NULL",
        pair(3, "varchar", length=5, nullable=False),
        names,
        texts.map(lambda it: it[:5]),
    ),
    case("select-char", "char(7)", pair(3, "char", length=7), names, texts.map(lambda text: text[:7].ljust(7))),
    case("select-enum", "mood", pair(3, "mood", enum=ENUM), st.sampled_from([*ENUM, "x"]), st.sampled_from(ENUM)),
    case("select-labels", "text", pair(3, "text", values=LABELS), labels, st.sampled_from([*LABELS.values(), "", "x"])),
    case(
        "select-labels-char",
        "char(9) NOT NULL",
        pair(3, "bpchar", length=9, nullable=False, values=LABELS),
        labels,
        st.sampled_from([*LABELS.values(), "", "x"]).map(lambda it: it.ljust(9)),
    ),
    case(
        "select-labels-enum",
        "mood NOT NULL",
        pair(3, "mood", enum=ENUM, nullable=False, values=LABELS),
        labels,
        st.sampled_from(ENUM),
    ),
    case(
        "select-codes",
        "int2",
        pair(3, "int2", values=CODES),
        st.sampled_from([*CODES, "x"]),
        st.sampled_from([0, 10, -1, 7]),
    ),
    case("multi-array", "text[]", pair(4, "text[]"), choices, st.lists(texts, max_size=5)),
    case(
        "multi-array-not-null",
        "text[] NOT NULL",
        pair(4, "text[]", nullable=False),
        choices,
        st.lists(texts, max_size=5),
    ),
    case(
        "multi-varchar",
        "varchar(4)[]",
        pair(4, "varchar[]", length=4),
        choices,
        st.lists(texts.map(lambda it: it[:4]), max_size=5),
    ),
    case(
        "multi-labels",
        "text[]",
        pair(4, "text[]", values=LABELS),
        st.lists(labels, unique=True),
        st.lists(st.sampled_from([*LABELS.values(), "x"])),
    ),
    case("date-timestamptz", "timestamptz", pair(5, "timestamptz", precision=6), instants, moments),
    case(
        "date-timestamptz-0",
        "timestamptz(0) NOT NULL",
        pair(5, "timestamptz", precision=0, nullable=False),
        instants,
        moments.map(lambda moment: moment.replace(microsecond=0)),
    ),
    case("date-timestamp", "timestamp", pair(5, "timestamp"), instants, walls),
    case("date-timestamp-berlin", "timestamp", pair(5, "timestamp", timezone=BERLIN), instants, walls),
    case(
        "date-timestamp-berlin-2",
        "timestamp(2)",
        pair(5, "timestamp", timezone=BERLIN, precision=2),
        instants,
        walls.map(lambda wall: wall.replace(microsecond=wall.microsecond // 10000 * 10000)),
    ),
    case("date-date", "date", pair(5, "date"), instants, days),
    case("date-date-apia", "date NOT NULL", pair(5, "date", timezone=APIA, nullable=False), instants, days),
    case("phone-text", "text", pair(13, "text"), phones, phones),
    case(
        "phone-varchar-not-null",
        "varchar(12) NOT NULL",
        pair(13, "varchar", length=12, nullable=False),
        phones,
        phones.map(lambda text: text[:12]),
    ),
    case("phone-char", "char(20)", pair(13, "bpchar", length=20), phones, phones.map(lambda text: text[:20].ljust(20))),
    case("url-text", "text", pair(15, "text"), urls, texts),
    case("url-varchar", "varchar(6)", pair(15, "varchar", length=6), urls, texts.map(lambda text: text[:6])),
    case("url-json", "json", pair(15, "json"), urls, urls.map(written_json) | json_texts),
    case("url-jsonb", "jsonb NOT NULL", pair(15, "jsonb", nullable=False), urls, urls.map(written_json) | json_texts),
    case("text-json", "json", pair(1, "json"), almost_json.map(segment), json_texts),
    case("text-jsonb", "jsonb", pair(1, "jsonb"), almost_json.map(segment), json_texts),
    case(
        "text-jsonb-not-null", "jsonb NOT NULL", pair(1, "jsonb", nullable=False), json_texts.map(segment), json_texts
    ),
    case("text-time", "time", pair(1, "time"), clocks.map(segment), st.times()),
    case(
        "text-time-2",
        "time(2) NOT NULL",
        pair(1, "time", precision=2, nullable=False),
        clocks.map(segment),
        st.times().map(lambda it: it.replace(microsecond=it.microsecond // 10000 * 10000)),
    ),
    case("text-interval", "interval", pair(1, "interval"), spans.map(segment), spans.filter(is_span)),
    case("text-interval-1", "interval(1)", pair(1, "interval", precision=1), spans.map(segment), st.just("1 mon")),
    case("text-array", "text[]", pair(1, "text[]"), lists(texts), st.lists(st.none() | texts, max_size=4)),
    case(
        "text-array-char-not-null",
        "char(3)[] NOT NULL",
        pair(1, "bpchar[]", length=3, nullable=False),
        lists(texts),
        st.lists(st.none() | texts.map(lambda text: text[:3].ljust(3)), max_size=4),
    ),
    case("text-enums", "mood[]", pair(1, "mood[]", enum=ENUM), lists(moods), st.lists(st.none() | moods, max_size=4)),
    case("text-int4s", "int4[]", pair(1, "int4[]"), lists(numerals), st.lists(st.none() | whole(4), max_size=4)),
    case("text-float8s", "float8[]", pair(1, "float8[]"), lists(numerals), st.lists(float_edges, max_size=4)),
    case(
        "text-numerics",
        "numeric(12,2)[]",
        pair(1, "numeric[]", precision=12, scale=2),
        lists(numerals),
        st.lists(numerics(12, 2), max_size=4),
    ),
    case("multi-int8s", "int8[]", pair(4, "int8[]"), choices | digits, st.lists(whole(8), max_size=5)),
    case("multi-int2s", "int2[] NOT NULL", pair(4, "int2[]", nullable=False), digits, st.lists(whole(2), max_size=5)),
    case(
        "multi-numerics",
        "numeric(12,2)[]",
        pair(4, "numeric[]", precision=12, scale=2),
        digits,
        st.lists(numerics(12, 2), max_size=5),
    ),
    case("multi-float4s", "float4[]", pair(4, "float4[]"), digits, st.lists(singles, max_size=5)),
    case("multi-float8s", "float8[]", pair(4, "float8[]"), digits, st.lists(float_edges, max_size=5)),
    case("multi-enums", "mood[]", pair(4, "mood[]", enum=ENUM), st.lists(moods), st.lists(moods, max_size=5)),
    case(
        "multi-enums-labels",
        "mood[]",
        pair(4, "mood[]", enum=ENUM, values=LABELS),
        st.lists(labels, unique=True),
        st.lists(moods, max_size=5),
    ),
    case(
        "rating-int2",
        "int2",
        pair(2, "int2", field={"lowest": 1, "highest": 5}),
        st.integers(0, 6) | st.just(4.5),
        st.integers(0, 6),
    ),
    case("person-text", "text", pair(11, "text"), people("ou_1", "ou_2"), st.sampled_from(["ou_1", "", "李雷"])),
    case(
        "person-array",
        "text[] NOT NULL",
        pair(11, "text[]", nullable=False),
        people("ou_1", "ou_2", "ou_3"),
        st.lists(st.sampled_from(["ou_1", "ou_2", "x"]), max_size=4),
    ),
    case("group-jsonb", "jsonb", pair(23, "jsonb"), people("oc_1", "oc_2"), people("oc_1", "oc_2").map(just_ids)),
    case("location-text", "text", pair(22, "text"), places.map(lambda it: {"location": it, "address": "甲"}), places),
    case("location-char", "char(40)", pair(22, "bpchar", length=40), places, places.map(lambda it: it.ljust(40))),
    case(
        "segments-jsonb",
        "jsonb",
        pair(1, "jsonb", manner=Manner(segments=True)),
        rich,
        json_texts | rich.map(written_json),
    ),
    case(
        "segments-json",
        "json NOT NULL",
        pair(1, "json", nullable=False, manner=Manner(segments=True)),
        rich | texts,
        json_texts | rich.map(written_json),
    ),
    case("checkbox-bool", "bool", pair(7, "bool"), st.booleans(), st.booleans()),
    case("checkbox-bool-not-null", "bool NOT NULL", pair(7, "bool", nullable=False), st.booleans(), st.booleans()),
]


trim = Manner(trim=True)
cases = Manner(trim=True, case_feishu="upper", case_database="lower")
day_in_words = Manner(format="%Y年%m月%d日", parse=("%d.%m.%Y", "%Y-%m-%d"))
minutes = Manner(format="%Y-%m-%d %H:%M")
others = Manner(otherwise=((F, "待处理"), (D, "new")))
kept_apart = Manner(otherwise=((F, "其他"), (D, "other")))
known = {"options": ("待处理", "已发货", "新"), "option_ids": ("opt1", "opt2", "opt3")}
offered = st.sampled_from(known["options"])
several = st.lists(texts, max_size=4)
CASES += [
    case("text-trim", "text", pair(1, "text", manner=trim), segments, texts),
    case(
        "text-trim-char",
        "char(6)",
        pair(1, "bpchar", length=6, manner=trim),
        segments,
        texts.map(lambda it: it[:6].ljust(6)),
    ),
    case("text-case", "text NOT NULL", pair(1, "text", nullable=False, manner=cases), segments, texts),
    case("text-lower", "text", pair(1, "text", manner=Manner(case_database="lower")), segments, texts),
    case(
        "select-upper",
        "varchar(9)",
        pair(3, "varchar", length=9, manner=Manner(case_feishu="upper")),
        names,
        texts.map(lambda it: it[:9]),
    ),
    case("number-cents", "int8", pair(2, "int8", manner=Manner(scale="100")), floats, whole(8)),
    case(
        "number-thousands",
        "numeric(20,6)",
        pair(2, "numeric", precision=20, scale=6, manner=Manner(scale="0.001")),
        floats,
        numerics(20, 6),
    ),
    case("number-float-scaled", "float8", pair(2, "float8", manner=Manner(scale="1000")), floats, floats.map(float)),
    case("date-words", "text", pair(5, "text", manner=day_in_words), instants, dates_in_words | texts),
    case(
        "date-minutes",
        "varchar(16) NOT NULL",
        pair(5, "varchar", length=16, nullable=False, timezone=BERLIN, manner=minutes),
        instants,
        walls.map("{:%Y-%m-%d %H:%M}".format) | st.just(""),
    ),
    case("multi-split", "text", pair(4, "text", manner=Manner(split=",")), choices, texts | several.map(", ".join)),
    case(
        "multi-split-words",
        "varchar(20) NOT NULL",
        pair(4, "varchar", length=20, nullable=False, manner=Manner(split=" und ")),
        choices,
        several.map(" und ".join).map(lambda it: it[:20]),
    ),
    case(
        "person-split",
        "text",
        pair(11, "text", manner=Manner(split=";")),
        people("ou_1", "ou_2"),
        st.sampled_from(["ou_2; ou_1", "x", ";"]),
    ),
    case(
        "text-join",
        "text[]",
        pair(1, "text[]", manner=Manner(join="、")),
        several.map("、".join).map(segment),
        st.lists(st.none() | texts, max_size=4),
    ),
    case(
        "text-join-enums",
        "mood[] NOT NULL",
        pair(1, "mood[]", nullable=False, enum=ENUM, manner=Manner(join="|")),
        st.lists(moods).map("|".join).map(segment),
        st.lists(moods),
    ),
    case(
        "select-otherwise",
        "text",
        pair(3, "text", values=LABELS, manner=others),
        names,
        st.sampled_from([*LABELS.values(), "", "x"]),
    ),
    case(
        "select-kept-apart",
        "text NOT NULL",
        pair(3, "text", nullable=False, values=LABELS, manner=kept_apart),
        names,
        st.sampled_from([*LABELS.values(), "", "x"]),
    ),
    case(
        "multi-otherwise",
        "text[]",
        pair(4, "text[]", values=LABELS, manner=kept_apart),
        choices,
        st.lists(st.sampled_from([*LABELS.values(), "x"])),
    ),
    case(
        "text-labels",
        "int2",
        pair(1, "int2", values=CODES),
        st.sampled_from([*CODES, "x"]).map(segment),
        st.sampled_from([0, 10, -1, 7]),
    ),
    case(
        "select-rejecting",
        "text",
        pair(3, "text", field=known, manner=Manner(unknown="reject")),
        offered,
        st.sampled_from(["待处理", "新", "别的", ""]),
    ),
    case(
        "multi-emptying",
        "text[]",
        pair(4, "text[]", field=known, manner=Manner(unknown="empty")),
        st.lists(offered, unique=True),
        st.lists(labels),
    ),
    case(
        "multi-instead",
        "text[]",
        pair(4, "text[]", field=known, manner=Manner(unknown="default", instead="其他")),
        st.lists(offered, unique=True),
        st.lists(labels),
    ),
]
"""What mapping files ask for beside types."""


def named(case: Case) -> str:
    return case.name
