-- plan_match_gone: contacts that are not there any more stand for nobody.
-- params: $there VARCHAR[] (Ids of those that are)
-- reads : plan_match
DELETE FROM plan_match WHERE followed AND NOT list_contains($there, salesforce_id)
