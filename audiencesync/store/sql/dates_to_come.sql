-- dates_to_come: what a clock that was ahead has dated later than now counts as of now, or it would be believed, and waited for,
--                until then. Not when a request was sent: that is known by Salesforce's clock, too.
-- params: $now
-- writes: what has an age that something is decided by
UPDATE store.described SET described_at = $now WHERE described_at > $now;
UPDATE store.learned SET learned_at = $now WHERE learned_at > $now;
UPDATE store.parked SET parked_at = $now WHERE parked_at > $now;
UPDATE store.api_call SET called_at = $now WHERE called_at > $now;
UPDATE store.org_usage SET told_at = $now WHERE told_at > $now;
UPDATE store.retention SET looked_at = $now WHERE looked_at > $now
