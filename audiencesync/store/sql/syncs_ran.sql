-- syncs_ran: when the last run of each sync began that looked at everybody and came to its end.
-- reads  : store.sync
-- returns: name, object (in small letters), ran_at TIMESTAMP
-- grain  : one row a sync that has run so far
SELECT name, lower(object) AS object, ran_at FROM store.sync WHERE ran_at IS NOT NULL
