-- pushed_ahead: what is dated later than now, by a clock that was put back since, was pushed earlier by as much as the latest
--               of it is ahead: what the source says later has the last word again, and the order stays as it is.
-- params: $now, $ahead (microseconds)
-- reads : store.journal_place, store.inbox, store.pushed_membership, store.pushed_profile
-- writes: these
UPDATE store.journal_place SET latest = $now;
UPDATE store.inbox SET received_at = received_at - to_microseconds($ahead) WHERE received_at > $now;
UPDATE store.pushed_membership SET received_at = received_at - to_microseconds($ahead) WHERE received_at > $now;
UPDATE store.pushed_profile SET removed_at = removed_at - to_microseconds($ahead) WHERE removed_at > $now;

UPDATE store.pushed_profile AS held
SET attributes = dated.attributes
FROM (
    SELECT profile_key,
        '{' || string_agg(to_json(attribute) || ':' || json_array(value, CASE WHEN said_at > epoch_us($now::TIMESTAMP) THEN said_at - $ahead ELSE said_at END), ',' ORDER BY attribute) || '}' AS attributes
    FROM (
        SELECT profile_key, entry.key AS attribute, json_extract(entry.value, '$[0]') AS value,
            CAST(json_extract(entry.value, '$[1]') AS BIGINT) AS said_at
        FROM store.pushed_profile, json_each(attributes) AS entry
    )
    GROUP BY profile_key
    HAVING max(said_at) > epoch_us($now::TIMESTAMP)
) AS dated
WHERE dated.profile_key = held.profile_key
