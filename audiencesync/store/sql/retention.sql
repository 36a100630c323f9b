-- retention: since when the ledger is whole, and how old it may get now.
-- params : $limit (everything before is too old)
-- reads  : store.retention, store.outbox, store.batch, store.run
-- returns: kept_since TIMESTAMP (NULL: nothing was ever dropped), looked_at TIMESTAMP, cutoff TIMESTAMP ($limit, or a day
--          before the first run whose rows have no outcome: what becomes of them is told by the ledger)
-- grain  : one row
SELECT kept_since, looked_at, least($limit::TIMESTAMP, (
    SELECT min(started_at) - INTERVAL 1 DAY FROM store.run WHERE run_id IN (SELECT run_id FROM store.outbox)
)) AS cutoff
FROM store.retention
