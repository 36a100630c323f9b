-- pushed_over_membership: memberships with what was pushed laid over them; included by other statements.
-- template: scoped (only those of stage_scope), pushed (there is anything to lay over them), changed_at (SQL: microseconds
--           since 1970 at which a row of the source changed; nothing where nobody knows), key and audience (SQL for
--           their texts)
-- reads   : stage_membership_source, store.pushed_membership; stage_membership_raw where the source says what is later
-- returns : profile_key VARCHAR, audience VARCHAR; pairs may repeat
{% if pushed %}
WITH standing AS (
    SELECT said.profile_key, said.audience, said.member
    FROM store.pushed_membership AS said
    {% if changed_at %}
    ANTI JOIN (
        SELECT {{ key }} AS profile_key, {{ audience }} AS audience, {{ changed_at }} AS changed_at FROM stage_membership_raw
    ) AS later ON later.profile_key = said.profile_key AND later.audience = said.audience AND later.changed_at > epoch_us(said.received_at)
    {% endif %}
    {% if scoped %}
    WHERE said.key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_scope) AND said.profile_key IN (SELECT profile_key FROM stage_scope)
    {% endif %}
)
SELECT member.*
FROM stage_membership_source AS member
{% if scoped %}SEMI JOIN stage_scope AS scope ON scope.profile_key = member.profile_key{% endif %}

ANTI JOIN standing ON standing.profile_key = member.profile_key AND standing.audience = member.audience
UNION ALL
SELECT profile_key, audience FROM standing WHERE member
{% else %}
SELECT member.*
FROM stage_membership_source AS member
{% if scoped %}SEMI JOIN stage_scope AS scope ON scope.profile_key = member.profile_key{% endif %}

{% endif %}
