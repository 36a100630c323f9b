-- audit_page_reasons: how the rows of a run ended, by why they were sent.
-- reads  : stage_audit_last
-- returns: sync, reason, outcome, rows BIGINT
SELECT sync, reason, outcome, count(*) AS rows
FROM stage_audit_last
GROUP BY ALL
ORDER BY sync, reason, outcome
