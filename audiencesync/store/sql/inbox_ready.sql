-- inbox_ready: how far changes can be taken over at once: a key that is given up after a profile was removed waits, as
--              what was said before a removal and what after it must not meet.
-- returns: number BIGINT (of the last change to take over), latest BIGINT (of the last there is); NULL when there is none
SELECT max(number) AS latest, coalesce(min(number) FILTER (change = 'alias' AND number > removal) - 1, max(number)) AS number
FROM store.inbox, (SELECT min(number) AS removal FROM store.inbox WHERE change = 'removal')
