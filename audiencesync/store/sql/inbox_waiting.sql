-- inbox_waiting: what was pushed and not taken over yet.
-- reads  : store.inbox
-- returns: rows BIGINT, oldest TIMESTAMP (NULL when there is none)
SELECT count(*) AS rows, min(received_at) AS oldest FROM store.inbox
