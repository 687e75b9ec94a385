import pytest
from sqlalchemy import text

from syncer.database.connections import make_engine, session
from syncer.errors import MendError, OutsideError, UnreachableError


def test_a_session_speaks_utc_iso_and_exact_floats_under_our_name(engine):
    with session(engine) as connection:
        said = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("timezone", "datestyle", "application_name")
        }
        assert said == {"timezone": "UTC", "datestyle": "ISO, YMD", "application_name": "syncer"}
        assert connection.execute("SELECT (0.1::float8 + 0.2)::text").fetchone() == ("0.30000000000000004",)


def test_a_server_that_is_not_there_is_told_by_host_and_never_by_password():
    engine = make_engine("postgresql://somebody:s3cret@127.0.0.1:1/erp")
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1/erp") as caught, session(engine):
        pass
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(engine)


def test_a_connection_that_died_in_the_pool_is_replaced(engine, look):
    with session(engine) as connection:
        first = connection.info.backend_pid
    look.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    with session(engine) as connection:
        assert connection.info.backend_pid != first


def test_a_connection_that_dies_in_use_is_unreachable_and_thrown_away(engine, look):
    def die():
        with session(engine) as connection:
            look.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
            connection.execute("SELECT 1")

    with pytest.raises(UnreachableError):
        die()
    with session(engine) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_other_errors_are_told_on_one_line(engine):
    with pytest.raises(OutsideError, match="division by zero"), session(engine) as connection:
        connection.execute("SELECT 1 / 0")


def test_what_a_session_left_open_is_rolled_back(engine, look):
    look.execute("CREATE TABLE kept (a int)")
    with session(engine) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO kept VALUES (1)")
    assert look.execute("SELECT count(*) FROM kept").fetchone() == (0,)


@pytest.mark.parametrize("url", ["mysql+pymysql://u:s3cret@h/d", "not a url s3cret"])
def test_another_database_or_no_url_is_refused_without_showing_it(url):
    with pytest.raises(MendError) as caught:
        make_engine(url)
    assert "s3cret" not in str(caught.value)


def test_the_engine_serves_sqlalchemy_too(engine):
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
