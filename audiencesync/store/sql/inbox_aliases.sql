-- inbox_aliases: keys that were given up for another, in the order in which that was said.
-- params : $last (number of the latest change to take over)
-- returns: previous, profile_key VARCHAR
SELECT previous, profile_key FROM store.inbox WHERE change = 'alias' AND number <= $last ORDER BY number
