-- leads: the rows that the product sends of a day, as a file for those who do not make them themselves.
-- template: profiles, memberships (files), leads (file, CSV)
COPY (
    SELECT lower(email) AS "Email", last_name AS "LastName", company AS "Company", first_name AS "FirstName", phone AS "Phone",
        city AS "City", country AS "Country", postal_code AS "PostalCode", website AS "Website", audiences AS "Audiences__c",
        'score_recency=' || score_recency || ';score_frequency=' || score_frequency AS "Scores__c",
        array_to_string(list_transform(list_sort(list_transform(map_entries(affinities),
            lambda one: {'least': -one.value, 'name': one.key})), lambda one: one.name), ';') AS "Affinities__c"
    FROM {{ profiles | text }}
    JOIN (
        SELECT user_id, string_agg(audience, ';' ORDER BY audience) AS audiences FROM {{ memberships | text }} GROUP BY user_id
    ) USING (user_id)
) TO {{ leads | text }} (FORMAT csv, HEADER)
