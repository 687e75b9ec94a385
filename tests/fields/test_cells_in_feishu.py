"""What a field is predicted to show is what search returns: written, stored and read back over HTTP."""

import uuid

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.simulator.server import SimulatorServer
from tests.fields.pairs import CASES, Case, fits, named, pair

NAMES = {1: "名称", 2: "金额", 3: "状态", 4: "标签", 5: "日期", 7: "完成", 13: "电话", 15: "网址"}
NAMES |= {11: "负责人", 22: "地点", 23: "群"}
NUMBERS = {"text": 1, "number": 2, "select": 3, "multi": 4, "date": 5, "checkbox": 7, "rating": 2}
NUMBERS |= {"phone": 13, "url": 15, "person": 11, "group": 23, "location": 22, "segments": 1}


class Bitable:
    """One table of a simulator, spoken to over HTTP."""

    def __init__(self, server: SimulatorServer, fields) -> None:
        self.control = server.control
        self.place = self.control.create_table(self.control.create_base(), "表", fields)
        body = {"app_id": server.app_id, "app_secret": server.app_secret}
        answer = requests.post(f"{server.url}/open-apis/auth/v3/tenant_access_token/internal", json=body, timeout=9)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['tenant_access_token']}"
        self.url = f"{server.url}/open-apis/bitable/v1/apps/{self.place.app_token}/tables/{self.place.table_id}/records"

    def post(self, path, body, **query):
        answer = self.session.post(f"{self.url}/{path}", params=query, json=body, timeout=9).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    def shown(self, records):
        """What search shows of records just created, in the order given."""
        made = self.post(
            "batch_create", {"records": [{"fields": cells} for cells in records]}, client_token=str(uuid.uuid4())
        )
        return self.read([record["record_id"] for record in made["records"]])

    def read(self, ids):
        found = {}
        page = ""
        while True:
            data = self.post("search", {}, page_size=500, page_token=page)
            found |= {record["record_id"]: record["fields"] for record in data["items"]}
            if not data["has_more"]:
                break
            page = data["page_token"]
        self.post("batch_delete", {"records": ids})
        return [found[record_id] for record_id in ids]


@pytest.fixture(scope="module")
def server():
    with SimulatorServer(quota_scale=0) as server:
        yield server


@pytest.fixture(scope="module")
def bitable(server):
    bitable = Bitable(server, [{"field_name": name, "type": number} for number, name in NAMES.items()])
    yield bitable
    bitable.session.close()


@pytest.mark.parametrize("case", CASES, ids=named)
@settings(max_examples=3)
@given(data=st.data())
def test_what_arrives_from_the_database_is_shown_as_predicted(case: Case, data, bitable):
    carry, name = case.translator, NAMES[NUMBERS[case.name.partition("-")[0]]]
    contents = data.draw(st.lists(case.held, min_size=5, max_size=40))
    predicted = fits(carry.to_feishu, *fits(carry.from_column, *contents)) or [carry.from_cell(None)]
    shown = bitable.shown([{name: carry.cell(value)} for value in predicted])
    assert [carry.from_cell(cells.get(name)) for cells in shown] == predicted


@pytest.mark.parametrize(
    "switches",
    [
        {"whole_numbers": "float"},
        {"cleared_text": "list", "empty_text_clears": False},
        {"cleared_text": "string", "empty_text_clears": False},
        {"unchecked_shown": False},
    ],
    ids=str,
)
def test_what_the_documentation_leaves_open_does_not_change_a_value(switches, server, bitable):
    server.control.set_switches(**switches)
    try:
        shown = bitable.shown([{"名称": "", "金额": 9007199254740991, "完成": False}, {"金额": 100, "完成": True}])
    finally:
        server.control.set_switches(
            whole_numbers="int", cleared_text="omitted", empty_text_clears=True, unchecked_shown=True
        )
    text, number, box = pair(1, "text"), pair(2, "numeric"), pair(7, "bool")
    assert [text.from_cell(cells.get("名称")) for cells in shown] == [None, None]
    assert [number.from_cell(cells.get("金额")) for cells in shown] == [9007199254740991, 100]
    assert [box.from_cell(cells.get("完成")) for cells in shown] == [False, True]


@pytest.mark.parametrize("wrapping", ["list", "scalar"])
def test_formulas_serial_numbers_and_automatic_times_are_read(wrapping, server):
    server.control.set_switches(formula_value=wrapping)
    fields = [
        {"field_name": "名称", "type": 1},
        {"field_name": "单价", "type": 2},
        {
            "field_name": "合计",
            "type": 20,
            "expression": {"product": ["单价", {"value": 3}]},
            "property": {"result_type": 2},
        },
        {
            "field_name": "标题",
            "type": 20,
            "expression": {"concat": ["名称", {"value": "!"}]},
            "property": {"result_type": 1},
        },
        {"field_name": "编号", "type": 1005},
        {"field_name": "创建", "type": 1001},
    ]
    bitable = Bitable(server, fields)
    try:
        (cells,) = bitable.shown([{"名称": "甲🙂", "单价": 2.5}])
    finally:
        server.control.set_switches(formula_value="list")
        bitable.session.close()
    assert str(pair(20, "numeric", precision=10, scale=2).from_cell(cells["合计"])) == "7.5"
    assert pair(20, "text").from_cell(cells["合计"]) == "7.5"
    assert pair(20, "text").from_cell(cells["标题"]) == "甲🙂!"
    assert pair(1005, "text").from_cell(cells["编号"])
    assert pair(1005, "int4").to_database(pair(1005, "int4").from_cell(cells["编号"])) > 0
    assert pair(1001, "timestamptz").from_cell(cells["创建"]).year > 2020


def test_mentions_and_links_in_a_text_read_as_its_plain_text(server, bitable):
    parts = [
        {"type": "text", "text": "见 "},
        {"type": "mention", "text": "@张三", "token": "ou_1", "mentionType": "User"},
    ]
    record_id = server.control.add_record(bitable.place.app_token, bitable.place.table_id, {"名称": parts})
    (cells,) = bitable.read([record_id])
    assert pair(1, "text").from_cell(cells["名称"]) == "见 @张三"


def test_the_longest_text_is_taken_and_one_longer_is_a_misfit(bitable):
    from syncer.core.mapping import Misfit

    carry = pair(1, "text")
    longest = "长" * 100_000
    (cells,) = bitable.shown([{"名称": carry.cell(carry.to_feishu(longest))}])
    assert carry.from_cell(cells["名称"]) == longest
    with pytest.raises(Misfit, match="100001 characters"):
        carry.to_feishu(longest + "长")
