-- api_call_nth: when the n-th oldest of the billed calls since a moment was made.
-- params : $since, $sync (NULL: of every sync), $place (1: the oldest)
-- returns: called_at TIMESTAMP
SELECT called_at
FROM store.api_call
WHERE called_at > $since AND ($sync IS NULL OR sync = $sync)
ORDER BY called_at
LIMIT 1 OFFSET $place - 1
