-- inbox_out: changes that were taken over leave the inbox.
-- params: $last (number of the latest)
DELETE FROM store.inbox WHERE number <= $last
