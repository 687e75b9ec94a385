"""The fixtures themselves: everybody's ground."""

import psycopg
import redis


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""))


def test_a_database_is_empty_and_speaks_chinese(database: str) -> None:
    with connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        connection.execute("CREATE TABLE 订单 (编号 text)")
        connection.execute("INSERT INTO 订单 VALUES ('甲🙂')")
        assert connection.execute("SELECT 编号, upper('é') FROM 订单").fetchone() == ("甲🙂", "É")


def test_databases_of_one_test_stand_apart(database: str, second_database: str, postgres_url: str) -> None:
    names = set()
    for url in (database, second_database, postgres_url):
        with connect(url) as connection:
            names.add(connection.execute("SELECT current_database()").fetchone())
    assert len(names) == 3


def test_redis_is_empty_though_a_test_left_something_one(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "over")


def test_redis_is_empty_though_a_test_left_something_two(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "over")
