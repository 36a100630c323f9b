-- state_out: what was acknowledged, as it is lent to a cluster.
-- template: words, scoped, state_key as in touched_state
-- returns : as touched_state, but for _plan_old_fingerprint BIGINT: the same bits with a sign
SELECT * REPLACE (sf_signed(_plan_old_fingerprint) AS _plan_old_fingerprint) FROM (
{% include "touched_state.sql" %}
)
