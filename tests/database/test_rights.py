import os

import pytest
from sqlalchemy.engine import make_url

from syncer.core.mapping import ColumnFill
from syncer.database.connections import make_engine
from syncer.errors import SchemaError
from tests.database.looking import all_rows


@pytest.fixture
def guest(orders, look, database, engine):
    """The table seen by a role that may nothing yet."""
    role = f"guest_{os.getpid()}"
    look.execute(f"CREATE ROLE {role}; GRANT USAGE ON SCHEMA public TO {role}")
    url = make_url(database)
    orders._engine = make_engine(
        url.update_query_dict({"options": f"-c role={role}"}).render_as_string(hide_password=False)
    )
    orders.role = role
    yield orders
    orders._engine.dispose()
    look.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_an_owner_finds_nothing_wrong(orders):
    assert orders.check_readable() == []
    assert orders.check_writable() == []


def test_every_right_that_lacks_is_told_at_once(guest, look):
    look.execute("DROP SCHEMA syncer CASCADE")
    look.execute(f"GRANT SELECT (id, order_no) ON orders TO {guest.role}; GRANT INSERT ON orders TO {guest.role}")
    (unreadable,) = guest.check_readable()
    assert unreadable.startswith(
        "mapping orders: the role lacks SELECT on public.orders (amount, note, tags, placed_at, weight)"
    )
    told = guest.check_writable()
    assert [" ".join(fault.split()[2:6]) for fault in told] == [
        "the role lacks UPDATE",
        "the role lacks DELETE",
        "the role lacks USAGE",
        "the role may not",
    ]
    assert len(guest.check_writable(deletes=False)) == 3
    with pytest.raises(SchemaError, match="syncer apply --sql"):
        guest.prepare()
    script = guest.prepare_sql()
    look.execute(script)
    look.execute(f"GRANT ALL ON orders, orders_id_seq TO {guest.role}")
    assert guest.check_writable() == []


def test_row_security_that_applies_is_told_and_an_unforeseen_one_stops_a_reading(guest, look):
    look.execute(f"GRANT SELECT ON orders TO {guest.role}")
    assert len(all_rows(guest)) == 3
    look.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY part ON orders USING (id > 1)")
    assert guest.info().row_security
    assert "row security" in guest.check_readable()[0]
    with pytest.raises(SchemaError, match="row-level security"):
        list(guest.read())
    with pytest.raises(SchemaError, match="row-level security"):
        guest.fetch(["[1]"])


def test_row_security_does_not_trouble_those_it_does_not_apply_to(orders, look):
    look.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    assert not orders.info().row_security
    assert len(all_rows(orders)) == 3


def test_a_view_can_be_read_but_not_written(look, table):
    look.execute("CREATE TABLE base (id int PRIMARY KEY, a text); INSERT INTO base VALUES (1, 'x')")
    look.execute("CREATE VIEW shown AS SELECT id, a FROM base WHERE id > 0")
    rows = table("shown", "id", "a")
    assert rows.check_readable() == []
    assert all_rows(rows)["[1]"].columns == ("x",)
    (fault,) = rows.check_writable()
    assert "is a view" in fault


def test_fills_are_checked_too(look, table):
    look.execute("CREATE TABLE base (id int PRIMARY KEY, a text)")
    fills = {"id": ColumnFill("sequence", "no.such"), "b": ColumnFill("now")}
    rows = table("base", "id", "a c", on_insert=fills)
    assert "has no column 'c'" in rows.check_readable()[0]
    told = rows.check_writable()
    assert ["no column 'b'" in told[0], "no sequence" in told[1]] == [True, True]
