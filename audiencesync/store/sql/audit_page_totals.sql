-- audit_page_totals: pushes of one run, and when they were answered.
-- params : $run_id, $until TIMESTAMP (answers that came later belong to another run's recovery; NULL: no limit)
-- reads  : stage_audit
-- returns: pushes BIGINT, sent BIGINT, first TIMESTAMP, last TIMESTAMP (answers)
-- grain  : one row
SELECT count(*) AS pushes, count(sent_at) AS sent,
    min(answered_at) FILTER (sent_at IS NOT NULL AND ($until IS NULL OR answered_at <= $until)) AS first,
    max(answered_at) FILTER (sent_at IS NOT NULL AND ($until IS NULL OR answered_at <= $until)) AS last
FROM stage_audit
WHERE run_id = $run_id
