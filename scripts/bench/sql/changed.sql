-- changed: what the company knows on another day. Of those who changed, 60 % have another telephone number, 20 % entered an
--          audience and 20 % left one; all of them have another `updated_at`.
-- template: share, profiles, memberships (files of the first day), new_profiles, new_memberships
CREATE TEMP MACRO moves(key) AS CASE WHEN hash(key, 'who') % 10000000 < {{ share }} * 10000000 THEN hash(key, 'how') % 10 END;
CREATE TEMP MACRO ordinal(audience) AS CAST(audience[10:] AS INTEGER);

COPY (
    SELECT * REPLACE (
        CASE WHEN moves(user_id) < 6 THEN '+1 777 ' || phone[-7:] ELSE phone END AS phone,
        CASE WHEN moves(user_id) IS NOT NULL THEN TIMESTAMP '2026-11-01 00:00:00' ELSE updated_at END AS updated_at)
    FROM {{ profiles | text }}
) TO {{ new_profiles | text }} (FORMAT parquet, COMPRESSION zstd);

COPY (
    SELECT user_id, audience
    FROM {{ memberships | text }}
    WHERE NOT (coalesce(moves(user_id), 0) >= 8 AND ordinal(audience) % 3 = 0)
    UNION ALL
    SELECT user_id, 'audience_' || (ordinal(audience) + 3) % 51
    FROM {{ memberships | text }}
    WHERE moves(user_id) IN (6, 7) AND ordinal(audience) % 3 = 0
) TO {{ new_memberships | text }} (FORMAT parquet, COMPRESSION zstd)
