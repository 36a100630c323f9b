-- org_usage_get: what Salesforce last told of the org's API calls.
-- returns: used, daily_limit, told_at (all NULL when it has told nothing yet)
FROM store.org_usage
