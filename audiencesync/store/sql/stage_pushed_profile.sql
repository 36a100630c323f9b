-- stage_pushed_profile: what is known by pushes of the profiles that a change is about: of each column the latest value.
-- reads   : stage_inbox, stage_pushed_key, store.pushed_profile
-- makes   : stage_pushed_profile, as store.pushed_profile
-- grain   : one row a profile; a removal takes away what was said before it, and what is said after it ends it. The order is
--           that of arrival: what is held came before all that is new, and of that of two keys that are one now, dates say
--           which came first
CREATE OR REPLACE TEMP TABLE stage_pushed_profile AS
WITH held AS (
    SELECT touched.becomes AS profile_key, attributes, epoch_us(removed_at) AS removed_at
    FROM store.pushed_profile AS held
    JOIN stage_pushed_key AS touched ON touched.profile_key = held.profile_key
    WHERE held.key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_pushed_key)
      -- that a key was gone before it was given up says nothing of the profile it is now
      AND (removed_at IS NULL OR touched.profile_key = touched.becomes)
), said AS (
    SELECT profile_key, attributes, change, epoch_us(received_at) AS said_at, number
    FROM stage_inbox WHERE change IN ('profile', 'removal')
), removal AS (
    SELECT profile_key, arg_max(said_at, (number, said_at)) AS said_at, max((number, said_at)) AS moment
    FROM (
        SELECT profile_key, removed_at AS said_at, -1 AS number FROM held WHERE removed_at IS NOT NULL
        UNION ALL
        SELECT profile_key, said_at, number FROM said WHERE change = 'removal'
    )
    GROUP BY profile_key
), entry AS (
    SELECT held.profile_key, entry.key AS attribute, json_extract(entry.value, '$[0]') AS value,
        CAST(json_extract(entry.value, '$[1]') AS BIGINT) AS said_at, -1 AS number
    FROM held, json_each(held.attributes) AS entry
    UNION ALL
    SELECT said.profile_key, entry.key, entry.value, said_at, number
    FROM said, json_each(said.attributes) AS entry
    WHERE change = 'profile'
), latest AS (
    SELECT entry.profile_key, attribute, arg_max(json_array(value, entry.said_at), (entry.number, entry.said_at)) AS entry
    FROM entry
    LEFT JOIN removal ON removal.profile_key = entry.profile_key
    WHERE removal.moment IS NULL OR (entry.number, entry.said_at) > removal.moment
    GROUP BY ALL
), profile AS (
    SELECT profile_key, max(moment) AS moment
    FROM (
        SELECT profile_key, (number, said_at) AS moment FROM said WHERE change = 'profile'
        UNION ALL
        SELECT profile_key, (number, said_at) FROM entry
        UNION ALL
        -- a profile that is not removed was said to be there before all that is new
        SELECT profile_key, (-1, 0) FROM held WHERE removed_at IS NULL
        UNION ALL
        SELECT profile_key, NULL FROM removal
    )
    GROUP BY profile_key
)
SELECT sf_key_hash(profile.profile_key) AS key_hash, profile.profile_key,
    '{' || coalesce(string_agg(to_json(attribute) || ':' || entry, ',' ORDER BY attribute), '') || '}' AS attributes,
    any_value(CASE WHEN profile.moment IS NULL OR removal.moment > profile.moment THEN make_timestamp(removal.said_at) END) AS removed_at
FROM profile
LEFT JOIN latest ON latest.profile_key = profile.profile_key
LEFT JOIN removal ON removal.profile_key = profile.profile_key
GROUP BY profile.profile_key
