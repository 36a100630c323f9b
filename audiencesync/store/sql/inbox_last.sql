-- inbox_last: the number of the latest change that is in the inbox.
-- reads  : store.inbox
-- returns: number BIGINT (0 when it is empty)
SELECT coalesce(max(number), 0) AS number FROM store.inbox
