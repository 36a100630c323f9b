-- plan_bits: which bit of the masks stands for which audience of one sync; audiences without one get the next.
-- params : $sync_id, $audiences VARCHAR[]
-- reads  : store.audience_bit
-- makes  : plan_bit(audience, ordinal, is_new)
CREATE OR REPLACE TEMP TABLE plan_bit AS
WITH known AS (SELECT audience, ordinal FROM store.audience_bit WHERE sync_id = $sync_id),
arriving AS (
    SELECT audience, row_number() OVER (ORDER BY audience) AS position
    FROM (SELECT DISTINCT unnest($audiences) AS audience) AS named ANTI JOIN known USING (audience)
)
SELECT audience, ordinal, false AS is_new FROM known
UNION ALL
SELECT audience, CAST((SELECT coalesce(max(ordinal) + 1, 0) FROM known) + position - 1 AS INTEGER), true FROM arriving
