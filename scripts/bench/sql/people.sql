-- people: what the company knows on the first day. A hash of the row number makes every value, so each machine has the same.
-- template: rows, profiles, memberships (files)
-- writes  : 22 columns a profile, in an order that is not that of the keys; 3 memberships each, of 50 audiences, some of
--           them much larger than others. The three are of three kinds, so that none comes twice.
CREATE TEMP MACRO pick(i, salt, n) AS CAST(hash(i, salt) % n AS BIGINT);

COPY (
    SELECT
        left(md5('person ' || i), 24) AS user_id,
        'person.' || i || '@' || ['example.com', 'example.org', 'mail.example'][1 + pick(i, 1, 3)] AS email,
        ['Ada', 'Łukasz', 'Chinonso', 'Mei', 'José', 'Zoë', 'Olga', 'Sam'][1 + pick(i, 2, 8)] AS first_name,
        ['Lovelace', 'Nowak', 'Okafor', 'Chen', 'García', 'Müller', 'O''Brien'][1 + pick(i, 3, 7)] || ' ' || pick(i, 4, 5000) AS last_name,
        'Company ' || pick(i, 5, 200000) AS company,
        '+1 555 ' || lpad(CAST(pick(i, 6, 10000000) AS VARCHAR), 7, '0') AS phone,
        'City ' || pick(i, 7, 5000) AS city,
        ['DE', 'FR', 'US', 'GB', 'NG', 'CN', 'BR', 'PL'][1 + pick(i, 8, 8)] AS country,
        lpad(CAST(pick(i, 9, 99999) AS VARCHAR), 5, '0') AS postal_code,
        'https://www.example.com/' || pick(i, 10, 1000000) AS website,
        ['free', 'basic', 'plus', 'pro'][1 + pick(i, 11, 4)] AS tier,
        ['de', 'en', 'fr', 'pt'][1 + pick(i, 12, 4)] AS language,
        DATE '1950-01-01' + CAST(pick(i, 13, 20000) AS INTEGER) AS birthday,
        TIMESTAMP '2020-01-01' + to_seconds(pick(i, 14, 180000000)) AS registered_at,
        CAST(pick(i, 15, 10000000) / 100 AS DECIMAL(12, 2)) AS lifetime_value,
        pick(i, 16, 300) AS orders,
        pick(i, 17, 5000) AS visits,
        pick(i, 18, 2) = 1 AS opted_in,
        pick(i, 19, 1000000) / 1000000 AS score_recency,
        pick(i, 20, 1000000) / 1000000 AS score_frequency,
        MAP {'rock': pick(i, 21, 1000) / 1000, 'jazz': pick(i, 22, 1000) / 1000, 'latin': pick(i, 23, 1000) / 1000} AS affinities,
        TIMESTAMP '2026-01-01' + to_seconds(i // 10) AS updated_at
    FROM range({{ rows }}) AS r(i)
) TO {{ profiles | text }} (FORMAT parquet, COMPRESSION zstd);

COPY (
    SELECT left(md5('person ' || i), 24) AS user_id,
        'audience_' || (3 * CAST(floor(pow(pick(i, 30 + n, 100000) / 100000, 2) * CASE n WHEN 2 THEN 16 ELSE 17 END) AS INTEGER) + n) AS audience
    FROM range({{ rows }}) AS r(i), range(3) AS kind(n)
) TO {{ memberships | text }} (FORMAT parquet, COMPRESSION zstd)
