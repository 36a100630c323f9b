-- plan_record: the records of those who differ, as far as they are known; the table is large, so it is read once.
-- params: $sync_id, $objects VARCHAR[] (that the sync writes to)
-- reads : plan_candidate, store.record
-- makes : plan_record(profile_key, match_key, object, ids VARCHAR[] (NULL: no record is known), elsewhere BOOLEAN (she had records in
--         an object that the sync writes to no more, and in no other))
-- grain : one row a profile
CREATE OR REPLACE TEMP TABLE plan_record AS
SELECT profile_key, any_value(match_key) AS match_key, any_value(object) FILTER (here) AS object,
    list(salesforce_id ORDER BY salesforce_id) FILTER (salesforce_id IS NOT NULL AND here) AS ids,
    NOT bool_or(here) AS elsewhere
FROM (SELECT *, object IS NULL OR list_contains($objects, object) AS here FROM store.record) AS record
SEMI JOIN plan_candidate AS candidate
    ON sf_key_hash(candidate.profile_key) = record.key_hash AND NOT candidate.profile_key <> record.profile_key
WHERE sync_id = $sync_id
GROUP BY profile_key
