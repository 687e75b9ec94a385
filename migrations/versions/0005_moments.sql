ALTER TABLE syncer_state.conflict ADD COLUMN moments json;

ALTER TABLE syncer_state.audit
  ADD COLUMN noticed_at timestamptz,
  ADD COLUMN planned_at timestamptz,
  ADD COLUMN sent_at timestamptz,
  ADD COLUMN whole json;
