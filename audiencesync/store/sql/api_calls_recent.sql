-- api_calls_recent: billed calls since a moment.
-- params : $since, $sync (NULL: of every sync)
-- returns: calls BIGINT
SELECT count(*) AS calls
FROM store.api_call
WHERE called_at > $since AND ($sync IS NULL OR sync = $sync)
