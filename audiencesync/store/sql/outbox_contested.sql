-- outbox_contested: rows that would take the record of another member, or make its double: its match value was to be
--                   given up in the same run, and was not. Who left and waits for that very row contests nothing.
-- params : $run_id, $sync_id, $operation
-- reads  : store.outbox, store.record, store.acknowledged, plan_waiting
-- returns: object VARCHAR, seq BIGINT, holder VARCHAR (the profile that still has the match value)
-- grain  : one row a contested outbox row
WITH wanted AS (
    SELECT object, seq, profile_key, match_key
    FROM store.outbox
    WHERE run_id = $run_id AND sync_id = $sync_id AND operation = $operation AND batch_id IS NULL
), near AS (
    SELECT profile_key, key_hash, match_key
    FROM store.record
    ANTI JOIN plan_waiting USING (profile_key)
    WHERE sync_id = $sync_id AND match_hash IN (SELECT sf_key_hash(match_key) FROM wanted)
)
SELECT wanted.object, wanted.seq, min(near.profile_key) AS holder
FROM wanted
JOIN near ON near.match_key = wanted.match_key AND near.profile_key <> wanted.profile_key
SEMI JOIN (
    FROM store.acknowledged WHERE sync_id = $sync_id AND key_hash IN (SELECT key_hash FROM near)
) AS state ON state.profile_key = near.profile_key
GROUP BY wanted.object, wanted.seq
