-- listed: the audiences that memberships list, one bit each; included by other statements.
-- params  : $listed VARCHAR[]
-- template: words
-- reads   : stage_membership, plan_bit
-- grain   : one row a profile that is listed in any of them; repeated pairs do no harm to bit_or
WITH listed AS (
    SELECT member.profile_key
    {% for word in words %}
        , coalesce(bit_or(CASE WHEN bits.ordinal // 63 = {{ word }} THEN 1::BIGINT << (bits.ordinal % 63) END), 0) AS mask_{{ word }}
    {% endfor %}
    FROM stage_membership AS member
    JOIN plan_bit AS bits ON bits.audience = member.audience
    WHERE list_contains($listed, bits.audience)
    GROUP BY member.profile_key
)
