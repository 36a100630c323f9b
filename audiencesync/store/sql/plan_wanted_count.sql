-- plan_wanted_count: how many match values no record was found for yet.
-- returns: wanted BIGINT
SELECT count(*) AS wanted FROM plan_wanted ANTI JOIN plan_match USING (match_key)
