-- plan_match_followed: the contacts that leads were converted to; a lead keeps the Id of one that was deleted.
-- reads  : plan_match
-- returns: salesforce_id VARCHAR
SELECT DISTINCT salesforce_id FROM plan_match WHERE followed ORDER BY salesforce_id
