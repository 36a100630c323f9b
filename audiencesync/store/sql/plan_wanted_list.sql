-- plan_wanted_list: the match values that no record was found for yet.
-- returns: match_values VARCHAR[]
SELECT match_values FROM plan_wanted ANTI JOIN plan_match USING (match_key) ORDER BY match_key
