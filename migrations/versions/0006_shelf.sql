CREATE TABLE syncer_state.shelf (
  source text NOT NULL,
  line text COLLATE "C" NOT NULL,
  moved bigint NOT NULL,
  until bigint NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (source, line)
);

CREATE TABLE syncer_state.shelf_note (
  source text PRIMARY KEY,
  note json NOT NULL
);
