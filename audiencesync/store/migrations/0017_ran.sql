-- 0017_ran: when the last run began that looked at everybody and came to its end; one for pushed changes alone does not count.
ALTER TABLE store.sync ADD COLUMN ran_at TIMESTAMP;
