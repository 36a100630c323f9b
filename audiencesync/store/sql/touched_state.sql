-- touched_state: what was acknowledged, as profiles meet it; included by other statements.
-- params  : $sync_id
-- template: words, scoped (look only at stage_scope), state_key (column: what keys meet by)
-- reads   : store.acknowledged
-- returns : key, _plan_state (row of the state) BIGINT, _plan_old_fingerprint UBIGINT, _plan_old_mask_n BIGINT
-- grain   : one row a member
SELECT {{ state_key }} AS key, rowid AS _plan_state, fingerprint AS _plan_old_fingerprint
    {% for word in words %}, mask_{{ word }} AS _plan_old_mask_{{ word }}{% endfor %}

FROM store.acknowledged
WHERE sync_id = $sync_id
{% if scoped %}AND key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_scope)
  AND profile_key IN (SELECT profile_key FROM stage_scope){% endif %}
