-- audit_last: how each row of one run ended: of several attempts the last, and no answer outweighs every answer.
-- template: run_id
-- reads   : stage_audit
-- makes   : stage_audit_last (columns of stage_audit)
-- grain   : one row a row of the run
CREATE OR REPLACE TEMP VIEW stage_audit_last AS
SELECT *
FROM stage_audit
WHERE run_id = {{ run_id | text }}
QUALIFY row_number() OVER (
    PARTITION BY sync_id, seq ORDER BY answered_at IS NULL DESC, attempt DESC, answered_at DESC) = 1
