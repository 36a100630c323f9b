-- audit_history_keys: the profiles that a key names: by their own key, a match value or a Salesforce Id.
-- params : $key (surrounding white space does not matter)
-- reads  : stage_audit
-- returns: profile_key VARCHAR
-- grain  : one row a profile
SELECT DISTINCT profile_key
FROM stage_audit
WHERE
    -- contains is many times cheaper than trim, and CASE keeps it first
    CASE WHEN contains(lower(profile_key), lower(trim($key, E' \t\r\n')))
         THEN lower(trim(profile_key, E' \t\r\n')) = lower(trim($key, E' \t\r\n')) ELSE false END
    OR CASE WHEN contains(lower(match_value), lower(trim($key, E' \t\r\n')))
            THEN lower(trim(match_value, E' \t\r\n')) = lower(trim($key, E' \t\r\n')) ELSE false END
    OR lower(salesforce_id) = lower(trim($key, E' \t\r\n'))
    -- the short form of an Id names the same record only in the same case
    OR (length(trim($key, E' \t\r\n')) = 15 AND left(salesforce_id, 15) = trim($key, E' \t\r\n'))
ORDER BY profile_key
