-- plan_identity: which records each differing member is, and why she may not be sent.
-- params: $match_fields VARCHAR[] (empty: each member is a record of its own), $way (how records are found: id, native,
--         lookup, none), $scales INTEGER[] (digits behind the point of each match field; NULL: it is no number), $mode,
--         $on_multiple, $object
-- reads : plan_rendered, plan_match, plan_record, plan_holder
-- makes : plan_identity(rendered BIGINT (her row of plan_rendered), profile_key, known, match_key, ids VARCHAR[], object,
--         moved BOOLEAN (the source names another record than she was: what that one holds is not known), error_code, error_message)
-- grain : one row a row of plan_rendered
CREATE OR REPLACE TEMP TABLE plan_identity AS
WITH found AS (
    SELECT rendered.profile_key, any_value(match.object) AS object,
        list(match.salesforce_id ORDER BY match.created_at, match.salesforce_id) AS ids
    FROM plan_rendered AS rendered
    JOIN plan_match AS match ON match.match_key = rendered.match_key
    ANTI JOIN plan_holder AS holder ON holder.salesforce_id = match.salesforce_id AND holder.profile_key <> rendered.profile_key
    GROUP BY rendered.profile_key
), member AS (
    SELECT
        rendered.rowid AS rendered, rendered.profile_key, rendered.known, rendered.match_key, rendered.match_values,
        rendered.problem_code, rendered.problems,
        CASE WHEN $way = 'id' THEN [rendered.match_value]
             WHEN len(own_record.ids) > 0 THEN own_record.ids
             WHEN len(found.ids) > 1 AND $on_multiple = 'oldest' THEN found.ids[:1]
             WHEN len(found.ids) > 1 AND $on_multiple = 'newest' THEN found.ids[-1:]
             ELSE coalesce(found.ids, []) END AS ids,
        len(found.ids) > 1 AND $on_multiple = 'reject' AND $mode <> 'create_only' AND coalesce(len(own_record.ids), 0) = 0 AS ambiguous,
        coalesce(CASE WHEN len(own_record.ids) > 0 THEN own_record.object ELSE found.object END, $object) AS object,
        -- an answer has floating point: from here on neighbours have one number, and another's record would be found, or none
        $way = 'lookup' AND coalesce(len(own_record.ids), 0) = 0 AND len([1 FOR field IN list_zip(match_values, $scales)
            IF abs(TRY_CAST(field[1] AS DOUBLE)) * pow(10, field[2]) >= 9007199254740992]) > 0 AS inexact,
        own_record.match_key AS old_match_key,
        $way = 'id' AND coalesce(left(own_record.ids[1], 15) <> left(rendered.match_value, 15), false) AS moved
    FROM plan_rendered AS rendered
    LEFT JOIN plan_record AS own_record ON own_record.profile_key = rendered.profile_key
    LEFT JOIN found ON found.profile_key = rendered.profile_key
), claimant AS (
    SELECT profile_key, match_key, known AND match_key IS NOT DISTINCT FROM old_match_key AS holds
    FROM member
    WHERE match_key IS NOT NULL AND (problems IS NULL OR match_key IS NOT DISTINCT FROM old_match_key)
    UNION ALL
    SELECT DISTINCT profile_key, match_key, true
    FROM plan_holder
    WHERE match_key IN (SELECT match_key FROM member) AND profile_key NOT IN (SELECT profile_key FROM member)
), claim AS (
    -- who may have a match value that several want: members who hold it already, then the smallest key
    SELECT match_key, arg_min(profile_key, {'first': NOT holds, 'second': profile_key}) AS winner
    FROM claimant GROUP BY match_key HAVING count(*) > 1
), meant AS (
    SELECT profile_key, unnest(ids) AS id FROM member
), shared AS (
    SELECT left(id, 15) AS id, min(profile_key) AS winner FROM meant GROUP BY ALL HAVING count(*) > 1
), same_record AS (
    SELECT meant.profile_key, any_value(shared.winner) AS winner
    FROM meant JOIN shared ON shared.id = left(meant.id, 15)
    WHERE shared.winner <> meant.profile_key
    GROUP BY meant.profile_key
)
SELECT member.rendered, member.profile_key, known, member.match_key, ids, object, moved,
    CASE
        WHEN problems IS NOT NULL THEN problem_code
        WHEN len($match_fields) > 0 AND member.match_key IS NULL THEN 'MATCH_VALUE_MISSING'
        WHEN inexact THEN 'MATCH_VALUE_INEXACT'
        WHEN claim.winner <> member.profile_key THEN 'DUPLICATE_MATCH_VALUE'
        WHEN ambiguous THEN 'DUPLICATE_EXTERNAL_ID'
        WHEN same_record.winner IS NOT NULL THEN 'DUPLICATE_RECORD'
    END AS error_code,
    CASE error_code
        WHEN 'MATCH_VALUE_MISSING' THEN array_to_string([field[1] FOR field IN list_zip($match_fields, match_values) IF field[2] IS NULL], ' and ') || ' is empty, and it identifies the record'
        WHEN 'MATCH_VALUE_INEXACT' THEN array_to_string($match_fields, ' and ') || ' is looked up, and Salesforce answers with 15 to 16 digits of a number'
        WHEN 'DUPLICATE_MATCH_VALUE' THEN 'profile ' || claim.winner || ' has the same ' || array_to_string($match_fields, ' and ') || ' and is the one that is sent'
        WHEN 'DUPLICATE_EXTERNAL_ID' THEN 'several records have this ' || array_to_string($match_fields, ' and ') || '; merge them, or say in on_multiple which are meant'
        WHEN 'DUPLICATE_RECORD' THEN 'profile ' || same_record.winner || ' is the same record and is the one that is sent'
        ELSE problems
    END AS error_message
FROM member
LEFT JOIN claim ON claim.match_key = member.match_key
LEFT JOIN same_record ON same_record.profile_key = member.profile_key
