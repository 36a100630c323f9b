-- touched_listed: how many members are in a listed audience, before the plan and after it; who is not among those that may
--                 differ is what she was.
-- params  : $sync_id
-- template: words, listed_bits (word -> bits of the listed audiences)
-- reads   : plan_touched, store.acknowledged
-- returns : before, after, keys (_plan_listed of touched.sql) BIGINT
-- grain   : one row
SELECT before, before - touched_before + touched_after AS after, keys
FROM (
    SELECT count(*) AS before
    FROM store.acknowledged
    WHERE sync_id = $sync_id AND ({% for word in words %}mask_{{ word }} & {{ listed_bits[word] }}::BIGINT <> 0{{ " OR " if not loop.last }}{% endfor %})
), (
    SELECT
        count(*) FILTER ({% for word in words %}_plan_old_mask_{{ word }} & {{ listed_bits[word] }}::BIGINT <> 0{{ " OR " if not loop.last }}{% endfor %}) AS touched_before,
        count(*) FILTER ({% for word in words %}_plan_mask_{{ word }} & {{ listed_bits[word] }}::BIGINT <> 0{{ " OR " if not loop.last }}{% endfor %}) AS touched_after,
        any_value(_plan_listed) AS keys
    FROM plan_touched
)
