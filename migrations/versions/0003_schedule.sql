CREATE TABLE syncer_state.agenda (
  mapping integer PRIMARY KEY REFERENCES syncer_state.mapping ON DELETE CASCADE,
  revision integer NOT NULL,
  taken_at timestamptz,
  taken_by text,
  polled_at timestamptz,
  not_before timestamptz,
  failures integer NOT NULL DEFAULT 0,
  trouble text
);

CREATE TABLE syncer_state.due (
  mapping integer NOT NULL REFERENCES syncer_state.agenda ON DELETE CASCADE,
  kind text NOT NULL,
  due_at timestamptz,
  sent_at timestamptz,
  sends integer NOT NULL DEFAULT 0,
  PRIMARY KEY (mapping, kind)
);
CREATE INDEX due_due_at ON syncer_state.due (due_at);

CREATE INDEX run_running ON syncer_state.run (mapping) WHERE status = 'running';
