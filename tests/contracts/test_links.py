"""What the engine relies on of links: one body each over the twins and over Bitable and PostgreSQL."""

from uuid import uuid4

import pytest

from syncer.errors import RefusedError
from syncer.ports import RecordWrite, Refusal, RowDelete, RowInsert, RowUpdate, Written
from tests.contracts.link_rooms import PostgresKeys, SimulatorLinks, TwinKeys, TwinLinks


@pytest.fixture(params=["twin", "simulator"])
def room(request):
    room = TwinLinks() if request.param == "twin" else SimulatorLinks(request.getfixturevalue("simulator"))
    yield room
    room.close()


@pytest.fixture
def orders(room):
    return room.doors["orders"]


@pytest.fixture
def people(room):
    """Three customers."""
    return room.doors["customers"].create([{"编号": f"K{n}"} for n in range(3)], str(uuid4()))


def links(*ids):
    return {"link_record_ids": list(ids)}


def test_links_are_written_bare_or_in_their_object_and_shown_in_their_object(orders, people, room):
    one, two, _ = people
    cells = [
        {"标签客户": [one, two, one], "主客户": [two], "往来": [one]},
        {"标签客户": links(two), "主客户": [], "往来": None},
        {},
    ]
    ids = orders.create(cells, str(uuid4()))
    shown = room.cells("orders")
    assert shown[ids[0]] == {"标签客户": links(one, two), "主客户": links(two), "往来": links(one)}
    assert shown[ids[1:][0]] == {"标签客户": links(two)}
    assert shown[ids[2]] == {}


def test_the_other_end_of_a_two_way_link_is_filled_moved_and_emptied(orders, people, room):
    one, two, _ = people
    first, second = orders.create([{"往来": [one, two]}, {"往来": [two]}], str(uuid4()))
    assert [room.cells("customers")[each].get("订单") for each in people] == [links(first), links(first, second), None]
    orders.update([RecordWrite(first, {"往来": [one]}), RecordWrite(second, {"往来": [one]})])
    assert [room.cells("customers")[each].get("订单") for each in people] == [links(first, second), None, None]
    room.doors["customers"].update([RecordWrite(one, {"订单": [second]}), RecordWrite(two, {"订单": links(first)})])
    assert [room.cells("orders")[each]["往来"] for each in (first, second)] == [links(two), links(one)]
    orders.update([RecordWrite(second, {"往来": None})])
    assert "订单" not in room.cells("customers")[one]


def test_a_two_way_link_within_a_table_has_both_its_ends_there(people, room):
    one, two, three = people
    customers = room.doors["customers"]
    customers.update([RecordWrite(two, {"上级": [one]}), RecordWrite(three, {"上级": [three]})])
    shown = room.cells("customers")
    assert (shown[one], shown[two]) == ({**shown[one], "下级": links(two)}, {**shown[two], "上级": links(one)})
    assert shown[three] == {**shown[three], "上级": links(three), "下级": links(three)}


def test_being_linked_from_the_other_side_raises_the_revision_and_moves_no_time(orders, people, room):
    customers = room.doors["customers"]
    before = {record.id: record.modified_at for page in customers.read(["编号"]) for record in page.records}
    revision = customers.revision()
    orders.create([{"往来": [people[0]]}], str(uuid4()))
    assert customers.revision() == revision + 1
    orders.create([{"标签客户": [people[0]], "主客户": [people[1]]}], str(uuid4()))
    assert customers.revision() == revision + 1
    after = {record.id: record.modified_at for page in customers.read(["编号"]) for record in page.records}
    assert after == before


def test_a_deleted_record_is_linked_by_nobody_any_more(orders, people, room):
    one, two, _ = people
    (order,) = orders.create([{"标签客户": [one, two], "主客户": [one], "往来": [one]}], str(uuid4()))
    room.doors["customers"].delete([one])
    assert room.cells("orders")[order] == {"标签客户": links(two)}
    orders.update([RecordWrite(order, {"往来": [two]})])
    orders.delete([order])
    assert room.cells("customers")[two] == {"编号": room.cells("customers")[two]["编号"]}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"标签客户": ["recNobody"]}, 1254067),
        ({"标签客户": "recNobody"}, 1254067),
        ({"主客户": "both"}, 1254067),
        ({"往来": ["recNobody"]}, 1254074),
        ({"往来": 5}, 1254074),
        ({"标签客户": [{"record_id": "recNobody"}]}, 1254074),
    ],
)
def test_what_cannot_be_linked_refuses_the_whole_batch(orders, people, room, cells, code):
    cells = {name: list(people[:2]) if cell == "both" else cell for name, cell in cells.items()}
    with pytest.raises(RefusedError) as refused:
        orders.create([{"单号": "好", "往来": [people[0]]}, cells], str(uuid4()))
    assert refused.value.code == code
    assert room.cells("orders") == {}
    assert all("订单" not in cells for cells in room.cells("customers").values())


@pytest.fixture(params=["twin", "postgres"])
def keys(request):
    room = TwinKeys() if request.param == "twin" else PostgresKeys(request.getfixturevalue("database"))
    yield room
    room.close()


def prints(door):
    return {row.key: row.print for page in door.read() for row in page.rows}


def seen(door):
    return {row.key: tuple(row.columns) for page in door.read() for row in page.rows}


def test_a_foreign_key_leads_to_a_row_that_is_there_and_a_row_that_names_nobody_fails_alone(keys):
    customers, orders = keys.doors["customers"], keys.doors["orders"]
    customers.write("c", [RowInsert("i", {"no": "K1"}, {})], [], [])
    good, bad = {"no": "D1", "customer": 1, "tags": [1, 7, 1]}, {"no": "D2", "customer": 9}
    outcomes = orders.write("o", [RowInsert("good", good, {}), RowInsert("bad", bad, {})], [], [])
    assert isinstance(outcomes["good"], Written)
    assert (type(outcomes["bad"]), outcomes["bad"].code) == (Refusal, "23503")
    assert seen(orders) == {outcomes["good"].row.key: ("D1", 1, [1, 7, 1])}
    (key,) = prints(orders)
    moved = orders.write("u", [], [RowUpdate("u", key, {"customer": 8, "tags": []}, prints(orders)[key])], [])
    assert moved["u"].code == "23503"
    cleared = orders.write("n", [], [RowUpdate("u", key, {"customer": None, "tags": []}, prints(orders)[key])], [])
    assert tuple(cleared["u"].row.columns) == ("D1", None, [])


def test_a_row_that_is_named_cannot_be_deleted_until_nobody_names_it(keys):
    customers, orders = keys.doors["customers"], keys.doors["orders"]
    customers.write("c", [RowInsert("a", {"no": "K1"}, {}), RowInsert("b", {"no": "K2"}, {})], [], [])
    orders.write("o", [RowInsert("i", {"no": "D1", "customer": 1}, {})], [], [])
    deletes = [RowDelete(key, key, expected, "") for key, expected in prints(customers).items()]
    outcomes = customers.write("d", [], [], deletes)
    assert outcomes["[1]"].code == "23503"
    assert isinstance(outcomes["[2]"], Written)
    ((key, expected),) = prints(orders).items()
    orders.write("n", [], [RowUpdate("u", key, {"customer": None}, expected)], [])
    assert isinstance(customers.write("e", [], [], deletes[:1])["[1]"], Written)
    assert seen(customers) == {}


def test_a_row_may_name_itself_and_go_with_its_own_name(keys):
    customers = keys.doors["customers"]
    customers.write("c", [RowInsert("a", {"no": "K1"}, {})], [], [])
    ((key, expected),) = prints(customers).items()
    customers.write("u", [], [RowUpdate("u", key, {"parent": 1}, expected)], [])
    assert seen(customers) == {key: ("K1", 1)}
    deletes = [RowDelete("d", key, prints(customers)[key], "")]
    assert isinstance(customers.write("d", [], [], deletes)["d"], Written)


def test_many_rows_of_which_one_names_nobody_are_all_left_out(keys):
    customers, orders = keys.doors["customers"], keys.doors["orders"]
    customers.write("c", [RowInsert("a", {"no": "K1"}, {})], [], [])
    columns = {"no": ["D1", "D2"], "customer": [1, 5]}
    assert orders.insert("wrong", columns, ()) is None
    assert seen(orders) == {}
    assert orders.insert("right", {"no": ["D1", "D2"], "customer": [1, None]}, ()).keys
    assert {columns[:2] for columns in seen(orders).values()} == {("D1", 1), ("D2", None)}
