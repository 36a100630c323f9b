-- pending_in: members that differ and are not acknowledged yet, whatever becomes of this run; who waits for another member to take her
--             record is told apart, since in this run she holds nothing against that.
-- params: $sync_id
-- reads : plan_change
-- makes : plan_waiting(profile_key)
INSERT INTO store.pending
SELECT $sync_id, profile_key FROM plan_change WHERE leads AND verdict IN ('send', 'invalid', 'unmatched', 'wait');

CREATE OR REPLACE TEMP TABLE plan_waiting AS SELECT profile_key FROM plan_change WHERE verdict = 'wait'
