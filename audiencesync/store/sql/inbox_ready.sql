-- inbox_ready: how far changes can be taken over at once. A key that is given up waits for what was said before of some
--              profile: that it is removed, that it is there and nothing else, or anything of one that was removed
--              earlier; what is before a removal and what is after it must not meet.
-- reads  : store.inbox, store.pushed_alias, store.pushed_profile
-- returns: number BIGINT (of the last change to take over), latest BIGINT (of the last there is); NULL when there is none
SELECT max(number) AS latest, coalesce(min(number) FILTER (change = 'alias' AND number > waited_for) - 1, max(number)) AS number
FROM store.inbox, (
    SELECT min(number) AS waited_for
    FROM store.inbox AS said
    LEFT JOIN store.pushed_alias AS alias ON alias.previous = said.profile_key
    LEFT JOIN (SELECT profile_key FROM store.pushed_profile WHERE removed_at IS NOT NULL) AS removed
        ON removed.profile_key = coalesce(alias.profile_key, said.profile_key)
    WHERE change = 'removal' OR (change = 'profile' AND (attributes = '{}' OR removed.profile_key IS NOT NULL))
)
