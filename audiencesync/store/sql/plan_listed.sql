-- plan_listed: the audiences that memberships list, as masks. Bits are shifted here alone: Spark shifts 32 of them.
-- params  : $listed VARCHAR[]
-- template: words
-- reads   : plan_bit
-- makes   : plan_listed(audience, mask_n)
CREATE OR REPLACE TEMP TABLE plan_listed AS
SELECT audience
    {% for word in words %}
    , CASE WHEN ordinal // 63 = {{ word }} THEN 1::BIGINT << (ordinal % 63) ELSE 0 END AS mask_{{ word }}
    {% endfor %}
FROM plan_bit
WHERE list_contains($listed, audience)
