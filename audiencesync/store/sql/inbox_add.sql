-- inbox_add: changes of the journal, in the order in which they stand, behind those that are in the inbox.
-- params: $received_at, $changes, $keys, $attributes, $audiences, $members, $previous
-- writes: store.inbox; the lists have one length
INSERT INTO store.inbox
SELECT
    (SELECT coalesce(max(number), 0) FROM store.inbox) + generate_subscripts($changes::VARCHAR[], 1),
    unnest($received_at::TIMESTAMP[]), unnest($changes::VARCHAR[]), unnest($keys::VARCHAR[]),
    unnest($attributes::VARCHAR[]), unnest($audiences::VARCHAR[]), unnest($members::BOOLEAN[]), unnest($previous::VARCHAR[])
