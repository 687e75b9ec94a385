"""A run that is told that it is enough ends between two slices; the next ones do the rest, nothing lost or doubled."""

from syncer.engine.tools import Options

COUNT = 2500


def test_a_backfill_in_slices_comes_to_the_same_as_one_run(stage):
    pair = stage.pair(
        {"订单号": 1, "备注": 1},
        "id serial PRIMARY KEY, order_no text UNIQUE, note text",
        """\
match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 备注, column: note}""",
    )
    pair.add(*({"订单号": f"甲-{number}", "备注": "📦"} for number in range(COUNT)))
    pair.sql(f"INSERT INTO {{t}} (order_no, note) SELECT 'db-' || n, '行' FROM generate_series(1, {COUNT}) n")
    runs = []
    while not runs or runs[-1].unfinished:
        runs.append(stage.syncer.sync("orders", Options(enough=lambda: True)))
        assert len(runs) < 20
        assert runs[-1].status == ("unfinished" if runs[-1].unfinished else "done")
        assert (pair.standing().lag_seconds is None) == runs[-1].unfinished  # what is left undone is not fresh
    assert len(runs) > 2
    assert sum(run.writes for run in runs) == 2 * COUNT
    assert len(pair.assert_equal(["订单号", "备注"], "order_no, note")) == 2 * COUNT
    assert stage.syncer.sync("orders", Options(full=True)).writes == 0
