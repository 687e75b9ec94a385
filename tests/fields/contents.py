"""What the pairs of the page are tried with: cells as people write them, and contents of columns as SQL text."""

LONG = "长🙂" + "x" * 99_998
UUID = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"

_NUMBERS = [
    0, -0.0, 1, 5, 2.5, 3.5, -7, 1 / 3, 0.1 + 0.2, 1.005, 99999999.995, 2**53, -(2**53), 32767, 32768, 2**31, -(2**31),
    5e-324, 1.7976931348623157e308, 2**53 + 2, 1e15 + 0.5, 3.4e38, 16777217,
]  # fmt: skip
_MOMENTS = [0, -1, 1709164800123, -2208988800000, -62135596800000, 253402300799999, -62135500000000, 253402200000000]
_LABELS = ["新", "7", "007", "甲🙂", "a  ", "-32768", "new", "y" * 300]
_TEXTS = [
    "", "甲方👩‍👩‍👧", "a  ", "  b", "e\u0301\n\t\\N\u2028", "007", "-9007199254740993", " 1.005 ", "1e5", UUID,
    "新", "7", "🙂", "{",
    '{"b": 1.50, "a": [1, {"c": "\\u4e2d"}]}', "[3, 1, 3]", '["新", null, "7"]', "[]", "null", "[[1]]", '"\\u0000"',
    "08:30", "24:00", "25:00", "1 year -2 days 03:04:05.678901", "P1W", "1.5 days", "NaN", "9" * 40, "2024-01-01", LONG,
    [{"type": "text", "text": "见 "}, {"type": "mention", "text": "@张三", "token": "ou_1", "mentionType": "User"}],
]  # fmt: skip
_RESULTS = {
    "text": ["新", "甲🙂", "a  ", ["甲", "乙"], LONG],
    "number": [*_NUMBERS, [7]],
    "time": _MOMENTS,
    "box": [True, False],
}

CELLS = {
    1: _TEXTS,
    2: _NUMBERS,
    3: _LABELS,
    4: [
        ["新"],
        ["new", "7"],
        ["7", "007", "10"],
        ["甲🙂", "a  "],
        [str(number) for number in range(1000)],
        ["1.5", "-2"],
    ],
    5: _MOMENTS,
    7: [True, False],
    13: ["+8613800138000", "021110", "0", "1" * 64, "+"],
    15: [
        {"text": "官网 🙂", "link": "https://example.cn/?q=订单&r=%20"},
        {"text": "a", "link": "a"},
        {"text": "长", "link": "h" * 100_000},
    ],
    11: [[{"id": "ou_1"}], [{"id": "ou_2"}, {"id": "ou_1"}], [{"id": f"ou_{number}"} for number in range(1000)]],
    17: [
        [{"file_token": "file#0"}],
        [{"file_token": "file#1"}, {"file_token": "file#0"}],
        [{"file_token": f"file#{number}"} for number in range(100)],
    ],
    18: [["rec#0"], ["rec#2", "rec#1"], [f"rec#{number}" for number in range(500)]],
    22: ["116.397755,39.903179", "-180, 90", "0,-0.0", "1.234567890123456789,2"],
    23: [[{"id": "oc_1"}], [{"id": "oc_2"}, {"id": "oc_1"}], [{"id": f"oc_{number}"} for number in range(10)]],
    24: _LABELS,
}
CELLS[21] = CELLS[18]
"""Of the files and records that cells name, ``file#7`` and ``rec#7`` stand for what the test made."""

_WHOLE = ["0", "10", "3", "-7"]
_DECIMAL = [*_WHOLE, "1.50", "0.01", "-99999999.99"]
_WORDS = ["", "甲🙂", "a  ", "新", "007", "021-68 88", "08:30", '{"a": 1}', "[1]"]
_OF = {
    "text": [
        *_WORDS,
        "+86 138–0013-8000",
        "1" * 65,
        LONG,
        LONG + "y",
        "NULL",
        "\u2028\\N\t\n",
        "https://example.cn/订单",
    ],
    "varchar(n)": [*_WORDS, "x" * 20, "+86 138–0013-8000"],
    "char(n)": [word[:8] for word in _WORDS],
    "enum": ["new", "新", "7"],
    "uuid": [UUID],
    "smallint": [*_WHOLE, "32767", "-32768"],
    "integer": [*_WHOLE, "2147483647", "-2147483648"],
    "bigint": [*_WHOLE, "9007199254740992", "9007199254740993", "-9223372036854775808"],
    "numeric": [*_DECIMAL, "1E+20", "0." + "3" * 40, "123456789012345.678", "9" * 50, "NaN", "Infinity"],
    "numeric(p,s)": [*_DECIMAL, "9999999999.99", "NaN"],
    "real": ["3", "0.1", "3.4028235e38", "1e-45", "16777216", "NaN", "-Infinity", "-0"],
    "double precision": [
        "3",
        "0.1",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "5e-324",
        "9007199254740994",
        "NaN",
        "-0",
    ],
    "boolean": ["true", "false"],
    "date": ["1969-12-31", "2024-02-29", "0001-01-02", "9999-12-30", "1900-01-01", "infinity", "0044-03-15 BC"],
    "timestamp": ["1969-12-31 23:59:59.9995", "2024-02-29 00:00:00.123456", "0001-01-02", "9999-12-30", "-infinity"],
    "timestamptz": [
        "1969-12-31 23:59:59.9995+00",
        "2024-02-29 00:00:00.123456+08",
        "0001-01-02Z",
        "9999-12-30Z",
        "infinity",
    ],
    "time": ["08:30", "23:59:59.999999", "00:00", "24:00"],
    "interval": ["1 mon", "-1 year +2 days -03:04:05.000001", "36:00", "0", "100000 days", "14 mons 1 sec"],
}
_OF["json"] = [
    '{"b": 1.0,  "a": [2, 1], "b": 2}', "[]", "null", '"\\u0000"', '"🙂"', "1e2", "0.1234567890123456789",
    "[" * 3000 + "]" * 3000,
    '{"text": "官网 🙂", "link": "https://example.cn/"}', '{"link": "a.cn"}', '{"link": "a", "more": 1}', '{"link": 7}',
]  # fmt: skip
_OF["jsonb"] = [*(text for text in _OF["json"] if "u0000" not in text), "1e400", "1e-400", "9007199254740993"]


def cells(field, column):
    """Cells to try on a pair, in the shape people write; empty ones are tried anyway."""
    if field in CELLS:
        return CELLS[field]
    return _RESULTS[_result(column)] if field in {19, 20} else []


_IDS = {11: ("ou_1", "ou_🙂"), 18: ("rec#0", "rec#1"), 21: ("rec#2", "rec#3"), 23: ("oc_1", "oc_2")}
_PLACES = ["116.3977550, 39.903179", "-180,90", "181,0", "0,-90.5", "北京", "1,2,3", "nan,0"]


def held(column, field=1):
    """Contents to try, as SQL text; ``None`` is tried anyway."""
    if field == 22 and not column.startswith("json"):
        most = {"varchar(n)": 20, "char(n)": 8}.get(column, 99)
        return [place for place in _PLACES if len(place) <= most]
    return [*_ids(column, *_IDS[field]), *_held(column)] if field in _IDS else _held(column)


def _ids(column, one, other):
    if column.startswith("json"):
        return [f'["{one}"]', f'["{other}", "{one}", "{one}"]', f'"{one}"', f'[["{one}"]]']
    return [f"{{{one}}}", f"{{{other},{one},{one}}}"] if column.endswith("[]") else [one]


def _held(column):
    if not column.endswith("[]"):
        return _OF[column]
    single = [text for text in _OF[column[:-2]] if len(text) < 1000]
    quoted = ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in single]
    finite = [item for item in quoted if "N" not in item and "I" not in item]
    return [
        "{}",
        "{" + ",".join(finite) + "}",
        "{" + f"{finite[-1]},{finite[-1]}" + "}",
        "{NULL}",
        "{{" + quoted[0] + "}}",
        "{" + quoted[-1] + "}",
    ]


def result_type(column):
    """The type a formula's result needs to go to a column."""
    return {"text": 1, "number": 2, "time": 5, "box": 7}[_result(column)]


def _result(column):
    if column == "boolean":
        return "box"
    if column in {"date", "timestamp", "timestamptz"}:
        return "time"
    return (
        "number"
        if column.partition("(")[0] in {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
        else "text"
    )
