-- membership_any: whether the memberships have any row, also one that is no membership any more.
-- reads   : stage_membership_raw
-- returns : held BOOLEAN
-- grain   : one row
SELECT count(*) > 0 AS held FROM (SELECT 1 FROM stage_membership_raw LIMIT 1) AS found
