-- plan_match_add: records that a look-up found. A converted lead stands for its contact.
-- params  : $object, $converted_to VARCHAR (for leads: object of the contacts that converted leads are followed to; NULL: they
--           are left out)
-- template: relation (what was found, all text: Id, CreatedDate, the match fields, and for leads IsConverted and
--           ConvertedContactId), key (SQL: the match key of a found row), leads
-- reads   : plan_wanted
INSERT INTO plan_match
SELECT found.match_key, found.object, found.salesforce_id, found.created_at, found.followed
FROM (
    SELECT {{ key }} AS match_key, "CreatedDate" AS created_at,
    {% if leads %}
        CASE WHEN lower("IsConverted") = 'true' THEN $converted_to ELSE $object END AS object,
        CASE WHEN lower("IsConverted") = 'true' THEN nullif("ConvertedContactId", '') ELSE "Id" END AS salesforce_id,
        lower("IsConverted") = 'true' AS followed
    {% else %}
        $object AS object, "Id" AS salesforce_id, false AS followed
    {% endif %}
    FROM {{ relation }}
) AS found
SEMI JOIN plan_wanted USING (match_key)
WHERE found.object IS NOT NULL AND found.salesforce_id IS NOT NULL
