-- run_counts: how the pushes of one run and sync ended; of several attempts at one row the last counts.
-- params : $run_id, $sync_id
-- reads  : store.ledger, store.outbox (sent and unanswered rows are unknown)
-- returns: accepted, created, updated, rejected, invalid, unknown, collections, composite, bulk (accepted,
--          rejected and unknown rows by their route)
-- grain  : one row
WITH pushed AS (
    SELECT seq, attempt, answered_at, outcome, action, route FROM store.ledger WHERE run_id = $run_id AND sync_id = $sync_id
), repeated AS (
    -- of these few the last attempt is looked for: to look for it among all takes ten times the work
    SELECT seq FROM pushed GROUP BY seq HAVING count(*) > 1
), ended AS (
    SELECT seq, outcome, action, route FROM pushed ANTI JOIN repeated USING (seq)
    UNION ALL
    FROM (
        SELECT DISTINCT ON (seq) seq, outcome, action, route
        FROM pushed SEMI JOIN repeated USING (seq)
        ORDER BY seq, attempt DESC, answered_at DESC
    )
), every AS (
    SELECT outcome, action, route
    FROM ended ANTI JOIN (
        FROM store.outbox WHERE run_id = $run_id AND sync_id = $sync_id AND batch_id IS NOT NULL
    ) AS open USING (seq)
    UNION ALL
    SELECT 'unknown', outbox.action, batch.route
    FROM store.outbox JOIN store.batch USING (batch_id)
    WHERE outbox.run_id = $run_id AND outbox.sync_id = $sync_id
)
SELECT
    count(*) FILTER (outcome = 'accepted') AS accepted,
    count(*) FILTER (outcome = 'accepted' AND action = 'create') AS created,
    count(*) FILTER (outcome = 'accepted' AND action <> 'create') AS updated,
    count(*) FILTER (outcome = 'rejected') AS rejected,
    count(*) FILTER (outcome = 'invalid') AS invalid,
    count(*) FILTER (outcome = 'unknown') AS unknown,
    count(*) FILTER (route = 'collections') AS collections,
    count(*) FILTER (route = 'composite') AS composite,
    count(*) FILTER (route = 'bulk') AS bulk
FROM every
