-- plan_retried: rows that were parked are touched because somebody said so.
-- reads: plan_change
UPDATE plan_change SET reason = 'retry'
