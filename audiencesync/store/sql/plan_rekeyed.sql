-- plan_rekeyed: members whose record is known by another match value than they last had accepted: that one is of other match
--               fields, or of an object that the sync writes to no more.
-- reads : plan_candidate, plan_record, plan_acked
-- makes : plan_rekeyed(profile_key, match_key (NULL: what her record has in the match fields is not known))
-- writes: plan_record
-- grain : one row a profile
CREATE OR REPLACE TEMP TABLE plan_rekeyed AS
SELECT record.profile_key, acked.match_key
FROM plan_record AS record
SEMI JOIN (FROM plan_candidate WHERE known) AS member ON member.profile_key = record.profile_key
LEFT JOIN plan_acked AS acked ON acked.profile_key = record.profile_key
WHERE record.match_key IS DISTINCT FROM acked.match_key;

UPDATE plan_record AS record
SET match_key = rekeyed.match_key
FROM plan_rekeyed AS rekeyed
WHERE rekeyed.profile_key = record.profile_key
