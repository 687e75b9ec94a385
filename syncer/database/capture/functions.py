"""The SQL that notes changes: one function a table, called once a statement by four triggers.

What it must never do is make the statement fail that it is called for. So everything that touches the table's rows,
which somebody may rename or retype tomorrow, stands in a block of its own; what goes wrong there is noted as a change
that nobody can name, and answered by reading the whole table. The block writes nothing: a subtransaction without
writes takes no transaction id, so even a thousand statements in one transaction do not overflow what PostgreSQL keeps
of these. The INSERT into our own log stands outside, behind a look whether there is one that may be written.

Notifying is not free: PostgreSQL lets transactions that notify commit one after the other. So nobody is called who is
awake anyway, or not there: see ``listen``.

It looks at rows only in sets. Up to ``FEW`` rows of an UPDATE are compared column by column, more are noted by their
keys alone: comparing costs as much again as all the rest. More than ``MOST`` rows are noted as "everything".
"""

from psycopg import sql

from syncer.database.capture.source import CHANNEL, EVENTS, Source

FEW, MOST = 1_000, 100_000

_BODY = r"""
DECLARE
    total bigint; lines text; before text; action "char"; fault text; batch text;
BEGIN
    IF (CASE
        WHEN to_regnamespace('syncer') IS NULL THEN true
        WHEN NOT has_schema_privilege('syncer', 'USAGE') THEN true
        WHEN to_regclass('syncer.log') IS NULL THEN true
        ELSE NOT has_table_privilege('syncer.log', 'INSERT')
    END) THEN
        RETURN NULL;
    END IF;
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            action := 'u';
            SELECT count(*) INTO total FROM (SELECT FROM new_rows LIMIT {more}) AS r;
            IF total = 1 THEN
                SELECT CASE WHEN {joined} THEN (SELECT m || E'\t' || {line_n} FROM nullif({mask}, 0) AS m)
                    ELSE E'-\t' || {line_o} || E'\n+\t' || {line_n} END
                INTO lines FROM old_rows AS o, new_rows AS n;
                total := CASE WHEN lines IS NULL THEN 0 WHEN lines LIKE '-%' THEN 2 ELSE 1 END;
            ELSIF total <= {few} THEN
                SELECT count(*), string_agg(r.mask || E'\t' || r.line, E'\n') INTO total, lines FROM (
                    SELECT
                        CASE WHEN {no_o} THEN '+' WHEN {no_n} THEN '-' ELSE ({mask})::text END AS mask,
                        CASE WHEN {no_n} THEN {line_o} ELSE {line_n} END AS line
                    FROM old_rows AS o FULL JOIN new_rows AS n ON {joined} OFFSET 0
                ) AS r WHERE r.mask <> '0';
            ELSIF total <= {most} THEN
                action := 'k';
                SELECT string_agg({line_n}, E'\n') INTO lines FROM new_rows AS n;
                SELECT string_agg({line_o}, E'\n') INTO before FROM old_rows AS o;
                IF lines <> before THEN
                    lines := lines || E'\n' || before;
                    total := total * 2;
                END IF;
            ELSE
                action := 'w';
            END IF;
        ELSIF TG_OP = 'INSERT' THEN
            action := 'i';
            SELECT count(*) INTO total FROM (SELECT FROM new_rows LIMIT {more}) AS r;
            IF total <= {most} THEN
                SELECT string_agg({line_n}, E'\n') INTO lines FROM new_rows AS n;
            ELSE
                action := 'w';
            END IF;
        ELSIF TG_OP = 'DELETE' THEN
            action := 'd';
            SELECT count(*) INTO total FROM (SELECT FROM old_rows LIMIT {more}) AS r;
            IF total <= {most} THEN
                SELECT string_agg({line_o}, E'\n') INTO lines FROM old_rows AS o;
            ELSE
                action := 'w';
            END IF;
        ELSE
            action := 't';
            total := 1;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        action := 'w';
        total := 1;
        lines := NULL;
        fault := SQLERRM;
    END;
    IF total > 0 THEN
        IF pg_trigger_depth() = 1 THEN
            batch := nullif(current_setting('syncer.batch', true), '');
        END IF;
        INSERT INTO syncer.log (source, xid, at, lines, action, batch, keys, fault) VALUES (
            {source}, pg_current_xact_id(), clock_timestamp(), total, action, batch, lines, fault
        );{notify}
    END IF;
    RETURN NULL;
END
"""

_NOTIFY = """
        IF batch IS NULL AND current_setting('max_prepared_transactions') = '0'
            AND extract(epoch FROM clock_timestamp()) * 1000
                < coalesce(pg_sequence_last_value(to_regclass('syncer.armed')), 0)
        THEN
            PERFORM pg_notify({channel}, {payload});
        END IF;"""

_FUNCTION = """CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp{settings} AS {body};
REVOKE ALL ON FUNCTION {function}() FROM PUBLIC;
"""

_SETTINGS = " SET \"TimeZone\" = 'UTC' SET \"DateStyle\" = 'ISO, YMD' SET extra_float_digits = 1"

_TABLES = {
    "insert": " REFERENCING NEW TABLE AS new_rows",
    "update": " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": " REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}


def body(source: Source, *, notify: bool) -> str:
    """The function's text. A prepared transaction may not notify: a server that allows them is not asked to."""
    payload = sql.Literal(source.table.info.name[:7000]).as_string()
    return _BODY.format(
        few=FEW,
        most=MOST,
        more=MOST + 1,
        source=source.id,
        mask=source.mask(),
        joined=source.joined(),
        no_o=source.missing("o"),
        no_n=source.missing("n"),
        line_o=source.line("o"),
        line_n=source.line("n"),
        notify=_NOTIFY.format(channel=sql.Literal(CHANNEL).as_string(), payload=payload) if notify else "",
    )


def create_function(source: Source, *, notify: bool) -> str:
    """The function, made or replaced."""
    text = body(source, notify=notify)
    tag = "$syncer$"
    while tag in text:
        tag = f"{tag[:-1]}x$"
    settings = _SETTINGS if source.speaks else ""
    return _FUNCTION.format(function=source.function, settings=settings, body=f"{tag}{text}{tag}")


def create_triggers(source: Source, relation: str | None = None) -> str:
    """The four triggers, on the table itself or on one of the same columns."""
    return "".join(
        f"CREATE OR REPLACE TRIGGER {sql.Identifier(source.trigger(event)).as_string()} AFTER {event.upper()} "
        f"ON {relation or source.relation}{_TABLES[event]}\n"
        f"    FOR EACH STATEMENT EXECUTE FUNCTION {source.function}();\n"
        for event in EVENTS
    )


def always(source: Source) -> str:
    """That the triggers fire for replication's sessions too."""
    return "".join(
        f"ALTER TABLE {source.relation} ENABLE ALWAYS TRIGGER {sql.Identifier(source.trigger(event)).as_string()};\n"
        for event in EVENTS
    )
