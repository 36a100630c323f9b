-- audit_page_problems: rows of a run that were not accepted, by error code.
-- reads  : stage_audit_last
-- returns: sync, outcome, code, rows BIGINT, message (of the first row), keys VARCHAR[] (a few examples)
SELECT sync, outcome, coalesce(error_code, '') AS code, count(*) AS rows,
    arg_min(error_message, abs(seq)) AS message,
    min(profile_key, 5) AS keys
FROM stage_audit_last
WHERE outcome <> 'accepted'
GROUP BY ALL
ORDER BY rows DESC, sync, outcome, code
