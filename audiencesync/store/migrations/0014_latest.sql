-- 0014_latest: what is said last counts, also when the clock was put back before the daemon was started again.
-- journal_place.latest: the latest time that a change out of the journal has.
ALTER TABLE store.journal_place ADD COLUMN latest TIMESTAMP;
UPDATE store.journal_place SET latest = greatest(
    (SELECT max(received_at) FROM store.inbox),
    (SELECT max(received_at) FROM store.pushed_membership),
    (SELECT max(removed_at) FROM store.pushed_profile),
    (SELECT make_timestamp(max(CAST(json_extract_string(entry.value, '$[1]') AS BIGINT))) FROM store.pushed_profile, json_each(attributes) AS entry));
