-- pushed_ahead: what is dated later than now, by a clock that was put back since, was pushed now: what the source says
--               later than that has the last word again.
-- params: $now
-- reads : store.journal_place, store.inbox, store.pushed_membership, store.pushed_profile
-- writes: these
UPDATE store.journal_place SET latest = $now;
UPDATE store.inbox SET received_at = $now WHERE received_at > $now;
UPDATE store.pushed_membership SET received_at = $now WHERE received_at > $now;
UPDATE store.pushed_profile SET removed_at = $now WHERE removed_at > $now;

UPDATE store.pushed_profile AS held
SET attributes = dated.attributes
FROM (
    SELECT profile_key,
        '{' || string_agg(to_json(entry.key) || ':' || json_array(json_extract(entry.value, '$[0]'), least(
            CAST(json_extract(entry.value, '$[1]') AS BIGINT), epoch_us($now::TIMESTAMP))), ',' ORDER BY entry.key) || '}' AS attributes
    FROM store.pushed_profile, json_each(attributes) AS entry
    GROUP BY profile_key
    HAVING max(CAST(json_extract(entry.value, '$[1]') AS BIGINT)) > epoch_us($now::TIMESTAMP)
) AS dated
WHERE dated.profile_key = held.profile_key
