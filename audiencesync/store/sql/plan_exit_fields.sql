-- plan_exit_fields: fields that the records of leavers hold, of the mapping of now or an earlier one.
-- reads  : plan_candidate, plan_acked
-- returns: field VARCHAR
-- grain  : one row a field
SELECT DISTINCT unnest(json_keys(fields)) AS field
FROM plan_acked
SEMI JOIN (FROM plan_candidate WHERE NOT desired) AS leaver ON leaver.profile_key = plan_acked.profile_key
ORDER BY field
