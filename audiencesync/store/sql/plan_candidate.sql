-- plan_candidate: members whose desired state differs from the acknowledged one, in one full join.
-- params  : $sync_id, $listed VARCHAR[], $everyone BOOLEAN (every member is a candidate, different or not)
-- template: words, fingerprint and row_hash (SQL expressions over profile columns), rules (word -> [{where, bit}]),
--           scoped (look only at stage_scope)
-- reads   : stage_profile, stage_membership, plan_bit, store.acknowledged, store.parked
-- makes   : plan_candidate(profile_key, desired BOOLEAN, known BOOLEAN, old_fingerprint, parked_hash (of a parked
--           profile's row as it is now), mask_n, old_mask_n)
-- grain   : one row a profile that is or was a member and differs
CREATE OR REPLACE TEMP TABLE plan_candidate AS
{% include "listed.sql" %}
, profile AS (
    SELECT _profile_key AS key, {{ fingerprint }} AS fingerprint,
        CASE WHEN _profile_key IN (SELECT profile_key FROM store.parked WHERE sync_id = $sync_id) THEN {{ row_hash }} END AS row_hash
    {% for word in words %}
        , 0::BIGINT{% for rule in rules[word] %} | (CASE WHEN ({{ rule.where }}) THEN {{ rule.bit }}::BIGINT ELSE 0 END){% endfor %} AS mask_{{ word }}
    {% endfor %}
    FROM stage_profile
    {% if scoped %}SEMI JOIN stage_scope ON stage_scope.profile_key = stage_profile._profile_key{% endif %}

), current_member AS (
    SELECT profile.key AS profile_key, profile.fingerprint, profile.row_hash
    {% for word in words %}
        , profile.mask_{{ word }} | coalesce(listed.mask_{{ word }}, 0) AS mask_{{ word }}
    {% endfor %}
    FROM profile LEFT JOIN listed ON listed.profile_key = profile.key
    WHERE {% for word in words %}profile.mask_{{ word }} | coalesce(listed.mask_{{ word }}, 0) <> 0{{ " OR " if not loop.last }}{% endfor %}

), state AS (
    FROM store.acknowledged
    {% if scoped %}SEMI JOIN stage_scope USING (profile_key){% endif %}

    WHERE sync_id = $sync_id
)
SELECT
    coalesce(current_member.profile_key, state.profile_key) AS profile_key,
    current_member.profile_key IS NOT NULL AS desired,
    state.profile_key IS NOT NULL AS known,
    state.fingerprint AS old_fingerprint,
    current_member.row_hash AS parked_hash
    {% for word in words %}
    , coalesce(current_member.mask_{{ word }}, 0) AS mask_{{ word }}
    , coalesce(state.mask_{{ word }}, 0) AS old_mask_{{ word }}
    {% endfor %}
FROM current_member
FULL JOIN state ON state.profile_key = current_member.profile_key
WHERE coalesce(current_member.profile_key, state.profile_key) NOT IN (
    -- whoever's answer is still out is not sent again before it is known
    SELECT profile_key FROM store.outbox WHERE sync_id = $sync_id AND batch_id IS NOT NULL
) AND ($everyone
   OR current_member.fingerprint IS DISTINCT FROM state.fingerprint
   {% for word in words %}
   OR current_member.mask_{{ word }} IS DISTINCT FROM state.mask_{{ word }}
   {% endfor %})
