-- results_staged: results that came row by row.
-- reads: stage_arrived (Arrow: seq, accepted, salesforce_id, created, error_code, error_message)
CREATE OR REPLACE TEMP TABLE stage_result AS FROM stage_arrived
