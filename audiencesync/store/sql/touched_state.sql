-- touched_state: what was acknowledged, as profiles meet it; included by other statements.
-- params  : $sync_id
-- template: words, scoped (look only at stage_scope), state_key (column: what keys meet by)
-- reads   : store.acknowledged
-- returns : key, _plan_state (row of the state) BIGINT, _plan_old_fingerprint UBIGINT, _plan_old_mask_n BIGINT
-- grain   : one row a member
SELECT {{ state_key }} AS key, rowid AS _plan_state, fingerprint AS _plan_old_fingerprint
    {% for word in words %}, mask_{{ word }} AS _plan_old_mask_{{ word }}{% endfor %}

FROM store.acknowledged AS state
{% if scoped %}
SEMI JOIN stage_scope AS scope
    ON sf_key_hash(scope.profile_key) = state.key_hash AND NOT scope.profile_key <> state.profile_key
{% endif %}
WHERE sync_id = $sync_id
