-- inbox_add: keep changes that were pushed, in the order in which they stand.
-- params: $first, $received_at, $changes, $keys, $attributes, $audiences, $members, $previous
-- writes: store.inbox; the lists have one length
INSERT INTO store.inbox
SELECT
    $first - 1 + generate_subscripts($changes::VARCHAR[], 1), $received_at, unnest($changes::VARCHAR[]),
    unnest($keys::VARCHAR[]), unnest($attributes::VARCHAR[]), unnest($audiences::VARCHAR[]),
    unnest($members::BOOLEAN[]), unnest($previous::VARCHAR[])
