-- dated: the memberships of a day as a source that says when each changed, and keeps those that ended.
-- template: memberships (file of the first day), new_memberships (file of the day), dated (file)
-- writes  : user_id, audience, active, updated_at: of the first of November where the day differs from the first one
COPY (
    SELECT coalesce(now.user_id, before.user_id) AS user_id, coalesce(now.audience, before.audience) AS audience,
        now.user_id IS NOT NULL AS active,
        CASE WHEN now.user_id IS NULL OR before.user_id IS NULL THEN TIMESTAMP '2026-11-01'
            ELSE TIMESTAMP '2026-01-01' + to_seconds(CAST(hash(before.user_id, before.audience) % 20000000 AS BIGINT)) END AS updated_at
    FROM {{ new_memberships | text }} AS now
    FULL JOIN {{ memberships | text }} AS before ON before.user_id = now.user_id AND before.audience = now.audience
) TO {{ dated | text }} (FORMAT parquet, COMPRESSION zstd)
