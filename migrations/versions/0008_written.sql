-- What Feishu's table stood at before a batch was sent there.
ALTER TABLE syncer_state.intent ADD COLUMN seen bigint;

-- Updates of records whose events have not come yet; the bodies of their intents are kept as long.
CREATE TABLE syncer_state.written (
  mapping integer NOT NULL REFERENCES syncer_state.mapping ON DELETE CASCADE,
  record text COLLATE "C" NOT NULL,
  intent text NOT NULL,
  at timestamptz NOT NULL,
  reported text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (mapping, record, intent)
);
CREATE INDEX written_mapping_at ON syncer_state.written (mapping, at);

-- How many of them were given up, by day: events are kept for some hours only.
CREATE TABLE syncer_state.unverified (
  mapping integer NOT NULL REFERENCES syncer_state.mapping ON DELETE CASCADE,
  day date NOT NULL,
  lines bigint NOT NULL,
  PRIMARY KEY (mapping, day)
);
