-- plan_touched: profiles and members that may differ, found in one pass: profiles, memberships and state meet by a hash
--               of the key, and what is alike is let go at once; only what is left is ever kept.
-- params  : $sync_id, $listed VARCHAR[], $everyone BOOLEAN (every member is touched, different or not)
-- template: words, fingerprint (SQL expression over profile columns), rules (word -> [{where, bit}]),
--           ruled (there is any rule), scoped (look only at stage_scope), key (SQL over a column: what keys meet by), state_key (that of the state)
-- reads   : stage_profile, stage_membership, plan_bit, store.acknowledged
-- makes   : plan_touched(the columns of stage_profile, _plan_fingerprint, _plan_mask_n, _plan_state (row of the state),
--           _plan_old_fingerprint, _plan_old_mask_n)
-- grain   : one row a pair of profile and state, or one of them alone; two keys of one hash are told apart later
CREATE OR REPLACE TEMP TABLE plan_touched AS
WITH listed AS (
    SELECT {{ key.format("member.profile_key") }} AS key
    {% for word in words %}
        , coalesce(bit_or(CASE WHEN bits.ordinal // 63 = {{ word }} THEN 1::BIGINT << (bits.ordinal % 63) END), 0) AS mask_{{ word }}
    {% endfor %}
    FROM stage_membership AS member
    JOIN plan_bit AS bits ON bits.audience = member.audience
    {% if scoped %}SEMI JOIN stage_scope AS scope ON scope.profile_key = member.profile_key{% endif %}

    WHERE list_contains($listed, bits.audience)
    GROUP BY ALL
), profile AS (
    SELECT stage_profile.*, {{ key.format("_profile_key") }} AS _plan_key, {{ fingerprint }} AS _plan_fingerprint
    {% for word in words %}
        , 0::BIGINT{% for rule in rules[word] %} | (CASE WHEN ({{ rule.where }}) THEN {{ rule.bit }}::BIGINT ELSE 0 END){% endfor %} AS _plan_rule_{{ word }}
    {% endfor %}
    FROM stage_profile
    {% if scoped %}SEMI JOIN stage_scope AS scope ON scope.profile_key = stage_profile._profile_key{% endif %}

), member AS (
    SELECT profile.* EXCLUDE ({% for word in words %}_plan_rule_{{ word }}{{ ", " if not loop.last }}{% endfor %})
    {% for word in words %}
        , _plan_rule_{{ word }} | coalesce(listed.mask_{{ word }}, 0) AS _plan_mask_{{ word }}
    {% endfor %}
    FROM profile {{ "LEFT " if ruled }}JOIN listed ON listed.key = profile._plan_key
    WHERE {% for word in words %}_plan_rule_{{ word }} | coalesce(listed.mask_{{ word }}, 0) <> 0{{ " OR " if not loop.last }}{% endfor %}

), state AS (
    SELECT {{ state_key }} AS key, rowid AS _plan_state, fingerprint AS _plan_old_fingerprint
        {% for word in words %}, mask_{{ word }} AS _plan_old_mask_{{ word }}{% endfor %}

    FROM store.acknowledged
    WHERE sync_id = $sync_id
    {% if scoped %}AND key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_scope)
      AND profile_key IN (SELECT profile_key FROM stage_scope){% endif %}

)
SELECT member.* EXCLUDE (_plan_key), state.* EXCLUDE (key)
FROM member
FULL JOIN state ON state.key = member._plan_key
WHERE $everyone
   OR _plan_fingerprint IS DISTINCT FROM _plan_old_fingerprint
   {% for word in words %}
   OR _plan_mask_{{ word }} IS DISTINCT FROM _plan_old_mask_{{ word }}
   {% endfor %}
