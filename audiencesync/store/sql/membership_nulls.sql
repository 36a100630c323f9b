-- membership_nulls: memberships that name no profile or no audience.
-- template: key (column), key_text (SQL for its text), audience (column)
-- reads   : stage_membership_raw
-- returns : null_keys, unfit_keys (a number that is not whole), null_audiences BIGINT
-- grain   : one row
SELECT
    count(*) FILTER (WHERE {{ key | name }} IS NULL OR {{ key_text }} = '') AS null_keys,
    count(*) FILTER (WHERE {{ key | name }} IS NOT NULL AND {{ key_text }} IS NULL) AS unfit_keys,
    count(*) FILTER (WHERE {{ audience | name }} IS NULL OR CAST({{ audience | name }} AS STRING) = '') AS null_audiences
FROM stage_membership_raw
