-- audit_calls: billed calls since a moment, by sync and kind.
-- params : $since
-- returns: sync VARCHAR (NULL: for no sync in particular), kind VARCHAR, calls BIGINT
SELECT sync, kind, count(*) AS calls
FROM store.api_call
WHERE called_at > $since
GROUP BY ALL
ORDER BY sync, kind
