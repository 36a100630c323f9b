-- org_usage_put: what Salesforce tells of the org's API calls.
-- params: $used, $daily_limit, $now
UPDATE store.org_usage SET used = $used, daily_limit = $daily_limit, told_at = $now
