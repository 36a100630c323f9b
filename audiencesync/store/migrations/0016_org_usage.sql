-- 0016_org_usage: the calls that all clients of the org had made in a day when Salesforce last told. One row.
CREATE TABLE store.org_usage (used BIGINT, daily_limit BIGINT, told_at TIMESTAMP);
INSERT INTO store.org_usage VALUES (NULL, NULL, NULL);
