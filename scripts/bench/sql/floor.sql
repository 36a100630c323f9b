-- floor: what every way of comparing must do at least: read and hash the columns, and bring each member's audiences together.
-- template: columns, profiles, memberships (files)
SELECT (SELECT bit_xor(hash({{ columns }})) FROM {{ profiles | text }}),
    (SELECT bit_xor(mask) FROM (
        SELECT bit_or(1::BIGINT << CAST(audience[10:] AS INTEGER)) AS mask FROM {{ memberships | text }} GROUP BY user_id))
