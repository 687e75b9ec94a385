"""What a monitor reads of all processes together."""

import os
from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from syncer.core.records import Side
from syncer.ports.signals import SignalKind
from syncer.settings import load_settings
from syncer.wiring import Syncer
from tests.feishu.sealing import record_event, sealed, signed
from tests.web.conftest import environment


def told(served):
    answer = served.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_other_processes_counted_and_learned_is_told(served, state_url, redis_url):
    with Syncer(load_settings(environment(state_url, redis_url), env_file=None)) as other:
        other.shared.counts.add("calls", "record.batch_create", "1254291", amount=3)
        other.shared.counts.add("quota_seconds", "record.list", amount=0.25)
        table = "https://open.feishu.cn/bas1/tbl1"
        other.shared.paces.slower(table)
        other.shared.sizes.refused(table, 1000)
        with other.shared.writer("orders").hold("bas1/tbl1", 5):
            pass
    found = told(served)
    assert found["syncer_feishu_calls_total", "record.batch_create", "1254291"] == 3
    assert found["syncer_quota_wait_seconds_total", "record.list"] == 0.25
    assert found["syncer_leases_total", "bas1/tbl1"] == 1
    assert found["syncer_lease_wait_seconds_total", "bas1/tbl1"] < 60
    assert 0 < found["syncer_table_pace", table] < 50
    assert found["syncer_table_batch_lines", table] == 500
    assert found["syncer_up", "redis"] == found["syncer_up", "state store"] == 1


def test_a_mapping_is_told_with_its_runs_backlog_and_lateness(served):
    with served.living.store.open_run("orders", "sync", []):
        pass
    served.noticing.raise_("orders", Side.FEISHU, SignalKind.LINE, ["rec1", "rec2"])
    found = told(served)
    assert found["syncer_backlog", "orders"] == 2
    assert found["syncer_waiting_seconds", "orders"] >= 0
    assert found["syncer_backlog", "foreign"] == 0
    assert found["syncer_mapping_state", "orders", "active"] == 1
    assert found["syncer_conflicts_open", "orders"] == found["syncer_failures_open", "orders"] == 0
    assert sum(value for name, value in found.items() if name[:2] == ("syncer_runs", "orders")) == 1


def test_events_are_counted_as_accepted_duplicate_or_refused_and_no_secret_is_told(served, state_url, redis_url):
    body = sealed(record_event())
    headers = signed(body, datetime.now(UTC))
    for _ in range(3):
        assert served.post(body, headers).status_code == 200
    assert served.post(b"{}").status_code in (400, 401)
    found = told(served)
    assert found["syncer_events_total", "accepted"] == 1
    assert found["syncer_events_total", "duplicate"] == 2
    assert sum(value for name, value in found.items() if name[1:2] and name[1].startswith("refused_")) == 1
    page = served.get("/metrics").text
    secrets = [
        value for name, value in environment(state_url, redis_url).items() if "SECRET" in name or "TOKEN" in name
    ]
    assert not [secret for secret in [*secrets, "postgresql://", "redis://"] if secret in page]


def test_what_a_fork_inherits_is_counted_once(served):
    counts = served.living.shared.counts
    counts.add("events", "twice?")
    child = os.fork()
    if not child:
        counts.add("events", "child")
        counts.flush()
        os._exit(0)
    os.waitpid(child, 0)
    found = counts.everything()
    assert found["events", "twice?"] == found["events", "child"] == 1
