-- ledger_since: how far back the ledger goes.
-- returns: first_push TIMESTAMP (NULL: there is none), kept_since TIMESTAMP (NULL: nothing was ever dropped)
SELECT (SELECT min(answered_at) FROM store.ledger) AS first_push, (SELECT kept_since FROM store.retention) AS kept_since
