-- audit_parked: what is parked in one sync.
-- params : $sync_id
-- reads  : store.parked
-- returns: error_code VARCHAR, rows BIGINT, since TIMESTAMP (when the first of them was parked)
-- grain  : one row a code; the most frequent first
SELECT error_code, count(*) AS rows, min(parked_at) AS since
FROM store.parked
WHERE sync_id = $sync_id
GROUP BY error_code
ORDER BY rows DESC, error_code
