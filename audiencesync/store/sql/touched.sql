-- touched: profiles and members that may differ: profiles, memberships and state meet by a hash of the key, or by
--          the key, and what is alike is let go at once. One text for DuckDB and Spark: nothing in it means two things.
-- template: words, profiles and memberships (stage_profile and stage_membership, or as much of them as is in stage_scope),
--           columns (of profiles), fingerprint (SQL expression over profile columns), rules (word -> [{where, bit}]),
--           ruled (there is any rule), scoped (look only at stage_scope), everyone (every member is touched,
--           different or not), key (SQL over a column: what keys meet by), there (on Spark), unfit (plan/unfit.py; who is
--           held back is touched)
-- reads   : profiles, memberships, plan_listed; plan_state on Spark, else the store
-- returns : the columns of profiles (rowid as _plan_rowid: it would hide DuckDB's own), _plan_fingerprint, _plan_mask_n,
--           _plan_state (row of the state), _plan_old_fingerprint, _plan_old_mask_n, _plan_listed
-- grain   : one row a pair of profile and state, or one of them alone; two keys of one hash are told apart later. And one row of
--           which only _plan_listed is filled: how many keys are listed, when scoped how many of them are those of no profile
WITH listed AS {{ "MATERIALIZED " if not there }}(
    SELECT {{ key.format("member.profile_key") }} AS key
    {% for word in words %}
        , bit_or(audience.mask_{{ word }}) AS mask_{{ word }}
    {% endfor %}
    FROM {{ memberships }} AS member
    JOIN plan_listed AS audience ON audience.audience = member.audience
    {% if scoped and there %}LEFT SEMI JOIN stage_scope AS scope ON scope.profile_key = member.profile_key{% endif %}

    GROUP BY 1
), profile AS (
    SELECT source.*, {{ key.format("source._profile_key") }} AS _plan_key, {{ fingerprint }} AS _plan_fingerprint
    {% for word in words %}
        , CAST(0 AS BIGINT){% for rule in rules[word] %} | (CASE WHEN ({{ rule.where }}) THEN CAST({{ rule.bit }} AS BIGINT) ELSE CAST(0 AS BIGINT) END){% endfor %} AS _plan_rule_{{ word }}
    {% endfor %}
    FROM {{ profiles }} AS source
    {% if scoped and there %}LEFT SEMI JOIN stage_scope AS scope ON scope.profile_key = source._profile_key{% endif %}

), member AS (
    SELECT {% for column in columns %}profile.{{ column | name }}, {% endfor %}_plan_key, _plan_fingerprint
    {% for word in words %}
        , _plan_rule_{{ word }} | coalesce(listed.mask_{{ word }}, CAST(0 AS BIGINT)) AS _plan_mask_{{ word }}
    {% endfor %}
    FROM profile {{ "LEFT " if ruled }}JOIN listed ON listed.key = profile._plan_key
    WHERE {% for word in words %}(_plan_rule_{{ word }} | coalesce(listed.mask_{{ word }}, CAST(0 AS BIGINT))) <> 0{{ " OR " if not loop.last }}{% endfor %}
    {{ "OR " ~ unfit.unsure if unfit.problems }}

), state AS (
    {% if there %}
    SELECT * FROM plan_state
    {% else %}
    {% include "touched_state.sql" %}
    {% endif %}
)
SELECT {% for column in columns %}member.{{ column | name }}{{ " AS _plan_rowid" if column | lower == "rowid" }}, {% endfor %}_plan_fingerprint, _plan_state, _plan_old_fingerprint
    {% for word in words %}, _plan_mask_{{ word }}, _plan_old_mask_{{ word }}{% endfor %}

    , CAST(NULL AS BIGINT) AS _plan_listed
FROM member
FULL JOIN state ON state.key = member._plan_key
WHERE {{ "true" if everyone else "false" }}{{ " OR " ~ unfit.held if unfit.problems }}
   OR _plan_fingerprint IS DISTINCT FROM _plan_old_fingerprint
   {% for word in words %}
   OR _plan_mask_{{ word }} IS DISTINCT FROM _plan_old_mask_{{ word }}
   {% endfor %}
-- counted along the way: apart from the comparison it takes a fifth to a third of its time
UNION ALL
SELECT {% for column in columns %}NULL, {% endfor %}NULL, NULL, NULL{% for word in words %}, NULL, NULL{% endfor %}, count(*)
FROM listed
{% if scoped %}
WHERE NOT EXISTS (SELECT 1 FROM profile WHERE profile._plan_key = listed.key)
{% endif %}
