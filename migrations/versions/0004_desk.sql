ALTER TABLE syncer_state.conflict ADD COLUMN shown integer;

ALTER TABLE syncer_state.audit ADD COLUMN read_at timestamptz;

CREATE TABLE syncer_state.identity (
  id text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (id)
);
