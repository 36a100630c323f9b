-- forget_payloads: values of members who are gone and need no push.
-- params: $sync_id
DELETE FROM store.payload AS acked
USING plan_change AS change
WHERE acked.sync_id = $sync_id AND acked.profile_key = change.profile_key AND change.verdict = 'forget'
