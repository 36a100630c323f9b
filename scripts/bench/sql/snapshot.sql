-- snapshot: the columns that matter of every member, with the names of her audiences in order.
-- template: columns, profiles, memberships (files)
SELECT user_id, {{ columns }}, audiences
FROM {{ profiles | text }} AS profile
JOIN (
    SELECT user_id, string_agg(audience, ';' ORDER BY audience) AS audiences FROM {{ memberships | text }} GROUP BY user_id
) USING (user_id)
