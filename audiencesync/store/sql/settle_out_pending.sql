-- settle_out_pending: what this run sent and Salesforce accepted is pending no more; a member whose record is gone still is. What an
--                     earlier run sent does not count: since then a newer change may have made its members pending.
-- params: $run_id
-- reads : stage_settled
DELETE FROM store.pending AS old
USING stage_settled AS settled
WHERE old.sync_id = settled.sync_id AND old.profile_key = settled.profile_key AND settled.run_id = $run_id
  AND NOT settled.gone AND settled.complete
