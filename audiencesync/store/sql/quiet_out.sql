-- quiet_out: acknowledged rows that a plan replaces or forgets without sending anything.
-- params: $sync_id
DELETE FROM store.acknowledged AS state
USING plan_change AS change
WHERE state.sync_id = $sync_id AND state.profile_key = change.profile_key AND change.verdict IN ('quiet', 'forget')
