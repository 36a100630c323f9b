-- macros: source values as Salesforce stores them, in one canonical text each.
-- Every sf_ macro takes a value of any scalar type and returns VARCHAR: NULL for no value, and NULL too for a
-- value that the type cannot hold; the caller tells the two apart by sf_missing. Numbers, dates and the like are read from
-- text without white space around it.

-- What keys meet by in large joins: a number is a third of the work of a text.
-- Beside it, `NOT a <> b` tells keys of one hash apart: as `a = b` it would be looked for in every row of a large table.
CREATE MACRO sf_key_hash(x) AS hash(x);

-- A fingerprint as engines without unsigned numbers hold it, and back: the same 64 bits.
CREATE MACRO sf_signed(x) AS
    CAST(CASE WHEN x > 9223372036854775807 THEN CAST(x AS HUGEINT) - 18446744073709551616 ELSE x END AS BIGINT);
CREATE MACRO sf_unsigned(x) AS
    CAST(CASE WHEN x < 0 THEN CAST(x AS HUGEINT) + 18446744073709551616 ELSE x END AS UBIGINT);

-- Salesforce counts characters as UTF-16 code units, by the strict reading: one outside the basic plane is two. Most
-- texts are ASCII, one byte a character, and need no look at each.
CREATE MACRO sf_length(x) AS
    CASE WHEN strlen(x) = length(x) THEN length(x)
         ELSE length(x) + length(regexp_replace(x, '[^\x{10000}-\x{10FFFF}]', '', 'g')) END;

-- Whether it is more than so many; bytes are never fewer than these characters.
CREATE MACRO sf_longer(x, size) AS CASE WHEN strlen(x) <= size THEN false ELSE sf_length(x) > size END;

-- The longest start of a text that fits. Before a character that counts as two goes one that no text may have, and a cut
-- between the two leaves neither.
CREATE MACRO sf_left(x, size) AS
    CASE WHEN strlen(x) = length(x) THEN left(x, size)
         ELSE replace(left(regexp_replace(x, '([\x{10000}-\x{10FFFF}])', chr(65535) || '\1', 'g'), size), chr(65535), '') END;

-- A text that begins, or ends, with a visible character of ASCII: most do, and have nothing there to take off.
CREATE MACRO sf_begins(x) AS ascii(x) BETWEEN 33 AND 126;
CREATE MACRO sf_ends(x) AS ascii(right(x, 1)) BETWEEN 33 AND 126;

-- Which white space Salesforce takes off is not known, so all that Unicode knows goes: what is left, no reading changes.
-- An argument is written out wherever its name stands, so it had better be a column, and its name stand rarely.
CREATE MACRO sf_trim(x) AS
    CASE WHEN sf_begins(x) AND sf_ends(x) THEN x ELSE regexp_replace(x, '^[\s\x0B\x1C-\x1F\x{85}\p{Z}]+|[\s\x0B\x1C-\x1F\x{85}\p{Z}]+$', '', 'g') END;

-- Lines that need nothing done to them: each begins and ends with a visible character, and has no control character.
CREATE MACRO sf_plain(x) AS regexp_full_match(x, replace('L(\nL)*', 'L',
    '[^\x00-\x20\x7F\x{85}\p{Z}\x{FFFE}\x{FFFF}]([^\x00-\x1F\x7F\x{85}\x{FFFE}\x{FFFF}]*[^\x00-\x20\x7F\x{85}\p{Z}\x{FFFE}\x{FFFF}])?'));

-- Blank text is no value, and neither are the numbers that JSON and CSV cannot write.
CREATE MACRO sf_missing(x) AS
    CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN x IS NULL OR NOT isfinite(TRY_CAST(x AS DOUBLE))
         WHEN sf_begins(CAST(x AS VARCHAR)) THEN false
         ELSE x IS NULL OR regexp_full_match(CAST(x AS VARCHAR), '[\s\x0B\x1C-\x1F\x{85}\p{Z}]*') END;

-- A floating-point number as text: a whole one as whole numbers are written, as long as it is exact. Where a column of
-- numbers has gaps, other tools make such numbers of it, and 100.0 would not find the record that has 100.
CREATE MACRO sf_float(x, exact) AS
    CASE WHEN x = trunc(x) AND abs(x) < exact THEN CAST(CAST(x AS BIGINT) AS VARCHAR) WHEN isfinite(x) THEN CAST(x AS VARCHAR) END;

-- A decimal as text, without the zeros that only its scale puts at its end, and with the one that DuckDB leaves out before
-- the point: 100.00 would not find the record that has 100 either.
CREATE MACRO sf_decimal(x) AS
    CASE WHEN contains(CAST(x AS VARCHAR), '.')
         THEN regexp_replace(rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.'), '^(-?)(\.|$)', '\10\2') ELSE CAST(x AS VARCHAR) END;

-- The same of a number that is JSON; anything else that is, as it is.
CREATE MACRO sf_json_number(x) AS
    regexp_replace(CAST(x AS VARCHAR), '^(-?[0-9]+)\.0+$|^(-?[0-9]+\.[0-9]*[1-9])0+$', '\1\2');

-- Text loses surrounding white space on save; line ends become LF, since a CR fails a whole Bulk file.
CREATE MACRO sf_text(x) AS
    nullif(replace(replace(sf_trim(CAST(x AS VARCHAR)), E'\r\n', E'\n'), E'\r', E'\n'), '');

-- Characters that XML cannot hold, as SOAP and some clients of the org would have to; no route takes the risk.
CREATE MACRO sf_uncarried(x) AS regexp_matches(sf_trim(x), '[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]');

-- Salesforce keeps e-mail addresses in lower case. Source: Salesforce Help 000384328.
CREATE MACRO sf_email(x) AS lower(sf_text(x));

-- Numbers are rounded to the field's scale on save. The detour over text keeps 10.3 from becoming 10.29999.
CREATE MACRO sf_number(x, digits) AS
    rtrim(rtrim(CAST(CAST(round(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)), digits::INTEGER) AS DECIMAL(38, 18)) AS VARCHAR), '0'), '.');

CREATE MACRO sf_integer(x) AS
    CASE WHEN TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)) % 1 = 0
         THEN CAST(CAST(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)) AS HUGEINT) AS VARCHAR) END;

CREATE MACRO sf_boolean(x) AS CAST(coalesce(
    TRY_CAST(CAST(x AS VARCHAR) AS BOOLEAN),
    CASE TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)) WHEN 1 THEN true WHEN 0 THEN false END
) AS VARCHAR);

-- The date in UTC of a moment; a time without a zone is taken as UTC.
CREATE MACRO sf_date(x) AS strftime(CAST(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ) AS DATE), '%Y-%m-%d');

-- A time of day, to the millisecond.
CREATE MACRO sf_time(x) AS
    CASE WHEN regexp_full_match(CAST(x AS VARCHAR), '([01]?[0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+]00(:00)?)?')
         THEN strftime(DATE '2000-01-01' + TRY_CAST(CAST(x AS VARCHAR) AS TIME), '%H:%M:%S.%gZ') END;

-- To the second, in UTC; a time without a zone is taken as UTC.
CREATE MACRO sf_datetime(x) AS
    strftime(date_trunc('second', CAST(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ) AS TIMESTAMP)), '%Y-%m-%dT%H:%M:%S.000Z');

-- Values of a multi-select picklist in one fixed order, each once.
CREATE MACRO sf_choices(x) AS
    nullif(array_to_string(list_sort(list_distinct(list_filter(
        list_transform(string_split(CAST(x AS VARCHAR), ';'), lambda choice: sf_text(choice)), lambda choice: choice IS NOT NULL
    ))), ';'), '');

-- The three characters that make an Id of 15 characters, in which case counts, one of 18.
CREATE MACRO sf_checksum(x) AS array_to_string(list_transform([0, 5, 10], lambda start:
    substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + CAST(list_sum(list_transform([0, 1, 2, 3, 4], lambda place:
        CASE WHEN regexp_full_match(substr(x, CAST(start + place + 1 AS BIGINT), 1), '[A-Z]') THEN 1 << place ELSE 0 END
    )) AS BIGINT), 1)), '');

-- A record's Id in 18 characters. Source: Salesforce Help 000385585.
CREATE MACRO sf_id(x) AS [
    CASE WHEN regexp_full_match(text, '[A-Za-z0-9]{15}') THEN text || sf_checksum(text)
         WHEN regexp_full_match(text, '[A-Za-z0-9]{18}') AND right(text, 3) = sf_checksum(text) THEN text END
    FOR text IN [sf_text(x)]  -- written out once, not wherever its name stands
][1];

-- The way in which a text says when a row changed: of two that are written in one way, the greater text is the later. A date or
-- time of ISO 8601 is one, whose fraction of a second may have any length where no Z follows; letters of one case and digits
-- are another. NULL: its order is not that of time.
CREATE MACRO sf_way(x) AS
    CASE WHEN regexp_full_match(x, '\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d(:?\d\d)?)?)?')
         THEN 'time' || regexp_replace(x, '^.{10}([ T]?)[0-9:.]*', '\1')
         WHEN regexp_full_match(x, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z|\d[0-9A-Z]*') THEN regexp_replace(x, '[0-9A-Z]', '0', 'g')
         WHEN regexp_full_match(x, '\d[0-9a-z]*') THEN repeat('a', length(x)) END;

-- A score, rounded to six places so that the last bit of a parallel sum is no change; other text as it is, but for what
-- would make two entries of it.
CREATE MACRO sf_score(x) AS
    CASE WHEN sf_missing(x) THEN NULL
         ELSE coalesce(rtrim(rtrim(CAST(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(18, 6)) AS VARCHAR), '0'), '.'), sf_number(x, 6), replace(sf_text(x), ';', ',')) END;

-- Names of the heaviest entries of a list of {k, v}: by weight, ties by name. A weight that is no number comes first and
-- without a name, so that one look tells it.
CREATE MACRO sf_heaviest(entries, size) AS
    list_transform(list_sort(list_transform(
        list_filter(entries, lambda entry: entry.v IS NOT NULL AND NOT coalesce(isnan(TRY_CAST(entry.v AS DOUBLE)), false)),
        lambda entry: {'known': TRY_CAST(entry.v AS DOUBLE) IS NOT NULL, 'w': -TRY_CAST(entry.v AS DOUBLE), 'n': replace(entry.k, ';', ',')}
    ))[1:size], lambda entry: CASE WHEN entry.known THEN entry.n END);

-- Entries of a JSON text; one that cannot be read as an object has a single entry, whose weight is no number.
CREATE MACRO sf_entries(x) AS
    CASE WHEN sf_missing(x) OR CAST(x AS VARCHAR) IN ('null', '[]') THEN []
         ELSE coalesce(map_entries(TRY_CAST(TRY_CAST(x AS JSON) AS MAP(VARCHAR, VARCHAR))), [{'key': NULL, 'value': '?'}]) END;

-- Of entries joined by ';' as many whole ones as fit.
CREATE MACRO sf_joined(x, size) AS nullif(regexp_extract(sf_left(x || ';', size + 1), '(?s)^(.*);', 1), '');

-- Field values as they are kept, a JSON text: as a map; without some fields, and without the braces; and a text of one side
-- of a map of changes.
CREATE MACRO sf_fields(texts) AS CAST(CAST(texts AS JSON) AS MAP(VARCHAR, VARCHAR));
CREATE MACRO sf_fields_besides(texts, names) AS nullif(array_to_string([
    to_json(name) || ':' || json_extract(texts, '$."' || name || '"') FOR name IN json_keys(texts) IF NOT list_contains(names, name)
], ','), '');
CREATE MACRO sf_fields_text(changed, side) AS CAST(to_json(map_from_entries([
    {'k': field.key, 'v': field.value[side]} FOR field IN map_entries(changed) IF side = 'after' OR field.value[side] IS NOT NULL
])) AS VARCHAR);

-- A value in such a text.
CREATE MACRO sf_json(x) AS coalesce(CAST(to_json(x) AS VARCHAR), 'null');

-- What was there and what was sent, as one map: field -> before and after.
CREATE MACRO sf_changed(texts_before, texts_after) AS map_from_entries([
    {'k': field.key, 'v': {'before': sf_fields(texts_before)[field.key], 'after': field.value}} FOR field IN map_entries(sf_fields(texts_after))
]);

-- Which request or job takes a row: rows are cut where they are too many and where they are too large.
CREATE MACRO sf_pack(place, most_rows, bytes_before, most_bytes) AS
    (place // most_rows) * 1000000 + CAST(bytes_before // most_bytes AS BIGINT);

-- How many requests or jobs that makes. count(DISTINCT), several times in a statement, takes three times as long for a few rows.
CREATE MACRO sf_packs(packs) AS coalesce(len(list_distinct(packs)), 0);
