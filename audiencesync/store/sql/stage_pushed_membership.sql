-- stage_pushed_membership: the memberships of the profiles that a change is about, as they were pushed last.
-- reads   : stage_inbox, stage_pushed_key, store.pushed_membership, store.pushed_profile
-- makes   : stage_pushed_membership, as store.pushed_membership
-- grain   : one row a profile and audience; a removal takes away what was said before it. The order is that of arrival: what
--           is held came before all that is new, and of that of two keys that are one now, dates say which came first
CREATE OR REPLACE TEMP TABLE stage_pushed_membership AS
WITH said AS (
    SELECT touched.becomes AS profile_key, audience, member, received_at, -1 AS number
    FROM store.pushed_membership AS held
    JOIN stage_pushed_key AS touched ON touched.profile_key = held.profile_key
    WHERE held.key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_pushed_key)
    UNION ALL
    SELECT profile_key, audience, member, received_at, number FROM stage_inbox WHERE change = 'membership'
), removal AS (
    SELECT profile_key, max((number, received_at)) AS moment
    FROM (
        SELECT profile_key, received_at, number FROM stage_inbox WHERE change = 'removal'
        UNION ALL
        SELECT profile_key, removed_at, -1
        FROM store.pushed_profile SEMI JOIN stage_pushed_key AS touched ON touched.becomes = pushed_profile.profile_key
        WHERE removed_at IS NOT NULL AND key_hash IN (SELECT sf_key_hash(becomes) FROM stage_pushed_key)
    )
    GROUP BY profile_key
)
SELECT sf_key_hash(said.profile_key) AS key_hash, said.profile_key, audience,
    arg_max(member, (number, received_at)) AS member, arg_max(received_at, (number, received_at)) AS received_at
FROM said
LEFT JOIN removal ON removal.profile_key = said.profile_key
WHERE removal.moment IS NULL OR (number, received_at) > removal.moment
GROUP BY said.profile_key, audience
