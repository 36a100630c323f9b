-- plan_wanted: the match values whose records must be looked up: of members without a known record, and of leavers
--              whose record is to be changed and is not known.
-- params  : $members BOOLEAN (members are looked up, too), $acknowledged BOOLEAN (... and not only new ones), $leavers
--           BOOLEAN
-- reads   : plan_candidate, plan_rendered, plan_acked, plan_record
-- makes   : plan_wanted(match_key, match_values VARCHAR[])
-- grain   : one row a match key
CREATE OR REPLACE TEMP TABLE plan_wanted AS
WITH known AS (
    SELECT profile_key FROM plan_record WHERE len(ids) > 0
), wanted AS (
    SELECT rendered.match_key, rendered.match_values
    FROM plan_rendered AS rendered ANTI JOIN known USING (profile_key)
    WHERE $members AND ($acknowledged OR NOT rendered.known) AND rendered.problems IS NULL
    UNION ALL
    SELECT acked.match_key, acked.match_values
    FROM plan_candidate AS candidate
    JOIN plan_acked AS acked ON acked.profile_key = candidate.profile_key
    ANTI JOIN known ON known.profile_key = candidate.profile_key
    WHERE $leavers AND NOT candidate.desired
)
SELECT match_key, any_value(match_values) AS match_values
FROM wanted
WHERE match_key IS NOT NULL
GROUP BY match_key
