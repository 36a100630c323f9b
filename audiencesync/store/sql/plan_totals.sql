-- plan_totals: the numbers of one plan.
-- params : $sync_id
-- reads  : plan_change, store.acknowledged
-- returns: acknowledged, entered, exited, changed, candidates, sends, invalid, unmatched, clears (filled values that would become empty)
-- grain  : one row
SELECT
    (SELECT count(*) FROM store.acknowledged WHERE sync_id = $sync_id) AS acknowledged,
    count(*) FILTER (leads AND desired AND NOT known AND verdict <> 'unmatched') AS entered,
    count(*) FILTER (leads AND NOT desired) AS exited,
    count(*) FILTER (leads AND desired AND known AND verdict NOT IN ('quiet', 'unmatched')) AS changed,
    count(*) FILTER (leads) AS candidates,
    count(*) FILTER (verdict = 'send') AS sends,
    count(*) FILTER (verdict = 'invalid') AS invalid,
    count(*) FILTER (verdict = 'unmatched') AS unmatched,
    coalesce(sum(clears) FILTER (verdict = 'send'), 0) AS clears
FROM plan_change
