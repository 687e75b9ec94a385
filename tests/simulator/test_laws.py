"""What holds for every value and every history."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from syncer.simulator.server import SimulatorServer
from tests.simulator.api import Api

NAMES = st.sampled_from(["甲", "乙", "丙", "x"])


@pytest.fixture(scope="module")
def shared():
    """One simulator for the whole file: hypothesis asks for many tables."""
    with SimulatorServer(seed=11, quota_scale=0) as server:
        yield server


def new_tables(server):
    control, api = server.control, Api(server.url, server.app_id, server.app_secret)
    base = control.create_base()
    customers = control.create_table(base, "客户", [{"field_name": "名", "type": 1}])
    fields = [
        {"field_name": "名", "type": 1},
        {"field_name": "数", "type": 2, "property": {"formatter": "0.00"}},
        {"field_name": "态", "type": 3},
        {"field_name": "签", "type": 4},
        {"field_name": "客", "type": 21, "property": {"table_id": customers.table_id, "back_field_name": "单"}},
    ]
    return control, api.at(control.create_table(base, "订单", fields)), api.at(customers), base


def test_numbers_and_texts_come_back_bit_for_bit(shared):
    _, orders, _, _ = new_tables(shared)

    @given(st.floats(allow_nan=False, allow_infinity=False), st.text(min_size=1, max_size=50))
    def law(number, text):
        record = orders.create({"数": number, "名": text}).data["record"]["record_id"]
        cells = orders.read(record)
        assert cells["数"] == number
        assert cells["名"] == [{"type": "text", "text": text}]

    law()


class Histories(RuleBasedStateMachine):
    """Random edits by the API and by people: what search shows is what a plain dict remembers."""

    server: SimulatorServer

    @initialize()
    def start(self):
        self.control, self.orders, self.customers, self.base = new_tables(self.server)
        self.table_id = self.orders.path.rsplit("/", 1)[1]
        self.known, self.gone = {}, {}
        self.people = [self.customers.create({"名": n}).data["record"]["record_id"] for n in "ab"]

    def any_id(self, data):
        return data.draw(st.sampled_from(sorted(self.known)))

    @rule(lines=st.lists(st.fixed_dictionaries({"数": st.integers(0, 5), "态": NAMES}), min_size=1, max_size=4))
    def create(self, lines):
        made = self.orders.batch_create(lines).data["records"]
        self.known |= {each["record_id"]: dict(line) for each, line in zip(made, lines, strict=True)}

    @rule(
        lines=st.lists(st.fixed_dictionaries({"签": st.lists(NAMES, min_size=1, unique=True)}), min_size=1, max_size=3)
    )
    def people_create(self, lines):
        ids = self.control.add_records(self.base, self.table_id, lines)
        self.known |= {record_id: dict(line) for record_id, line in zip(ids, lines, strict=True)}

    @rule(data=st.data(), value=st.one_of(st.none(), st.integers(0, 5)))
    def update(self, data, value):
        if not self.known:
            return
        record = self.any_id(data)
        assert self.orders.update(record, {"数": value}).code == 0
        self.known[record].pop("数", None)
        self.known[record] |= {} if value is None else {"数": value}

    @rule(data=st.data(), whom=st.sets(st.integers(0, 1)))
    def link(self, data, whom):
        if not self.known:
            return
        record = self.any_id(data)
        ids = [self.people[n] for n in sorted(whom)]
        assert self.orders.update(record, {"客": ids}).code == 0
        self.known[record].pop("客", None)
        self.known[record] |= {"客": ids} if ids else {}

    @rule(data=st.data())
    def refused_batch_changes_nothing(self, data):
        if self.known:
            assert self.orders.batch_update({self.any_id(data): {"数": 9}, "recUnknown0000": {}}).code == 1254043

    @rule(data=st.data(), by_people=st.booleans())
    def delete(self, data, by_people):
        if not self.known:
            return
        record = self.any_id(data)
        if by_people:
            self.control.delete_records(self.base, self.table_id, [record])
        else:
            assert self.orders.batch_delete(record).code == 0
        self.gone[record] = self.known.pop(record)

    @rule(data=st.data())
    def restore(self, data):
        if not self.gone:
            return
        record = data.draw(st.sampled_from(sorted(self.gone)))
        self.control.restore_records(self.base, self.table_id, [record])
        self.known[record] = self.gone.pop(record)

    @invariant()
    def search_shows_what_is_known(self):
        items = [item for page in self.orders.pages(page_size=3) for item in page]
        shown = {item["record_id"]: item["fields"] for item in items}
        expected = {
            record: {**cells, "客": {"link_record_ids": cells["客"]}} if "客" in cells else cells
            for record, cells in self.known.items()
        }
        assert shown == expected
        assert len(items) == len(shown) == self.orders.search().data["total"]

    @invariant()
    def links_agree_from_both_ends(self):
        there = {
            item["record_id"]: set(item["fields"].get("单", {}).get("link_record_ids", ()))
            for item in self.customers.search().data["items"]
        }
        for person, orders in there.items():
            assert orders == {record for record, cells in self.known.items() if person in cells.get("客", ())}


def test_any_history_is_shown_truly(shared):
    Histories.server = shared
    run_state_machine_as_test(Histories, settings=settings(max_examples=15, stateful_step_count=15))
