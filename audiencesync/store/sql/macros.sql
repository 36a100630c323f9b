-- macros: source values as Salesforce stores them, in one canonical text each.
-- Every sf_ macro takes a value of any scalar type and returns VARCHAR: NULL for no value, and NULL too for a
-- value that the type cannot hold; the caller tells the two apart by sf_missing.

-- Salesforce counts characters as UTF-16 code units, by the strict reading: one outside the basic plane is two.
CREATE TEMP MACRO sf_length(x) AS length(x) + length(regexp_replace(x, '[^\x{10000}-\x{10FFFF}]', '', 'g'));

-- The longest start of a text that fits; at worst a few characters short of what would fit.
CREATE TEMP MACRO sf_left(x, size) AS
    left(x, (size - length(regexp_replace(left(x, size), '[^\x{10000}-\x{10FFFF}]', '', 'g')))::BIGINT);

-- Blank text is no value, and neither are the numbers that JSON and CSV cannot write.
CREATE TEMP MACRO sf_missing(x) AS
    x IS NULL OR trim(CAST(x AS VARCHAR), E' \t\r\n') = ''
    OR typeof(x) IN ('DOUBLE', 'FLOAT') AND lower(CAST(x AS VARCHAR)) IN ('nan', 'inf', '-inf');

-- Text loses surrounding white space on save; line ends become LF, since a CR fails a whole Bulk file.
CREATE TEMP MACRO sf_text(x) AS
    nullif(trim(replace(replace(CAST(x AS VARCHAR), E'\r\n', E'\n'), E'\r', E'\n'), E' \t\n'), '');

-- Salesforce keeps e-mail addresses in lower case. Source: Salesforce Help 000384328.
CREATE TEMP MACRO sf_email(x) AS lower(sf_text(x));

-- Numbers are rounded to the field's scale on save. The detour over text keeps 10.3 from becoming 10.29999.
CREATE TEMP MACRO sf_number(x, digits) AS
    rtrim(rtrim(CAST(CAST(round(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)), digits::INTEGER) AS DECIMAL(38, 18)) AS VARCHAR), '0'), '.');

CREATE TEMP MACRO sf_integer(x) AS
    CASE WHEN TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)) % 1 = 0
         THEN CAST(CAST(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 18)) AS HUGEINT) AS VARCHAR) END;

CREATE TEMP MACRO sf_boolean(x) AS CAST(TRY_CAST(trim(CAST(x AS VARCHAR)) AS BOOLEAN) AS VARCHAR);

CREATE TEMP MACRO sf_date(x) AS
    strftime(coalesce(TRY_CAST(CAST(x AS VARCHAR) AS DATE), CAST(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ) AS DATE)), '%Y-%m-%d');

-- To the second, in UTC; a time without a zone is taken as UTC.
CREATE TEMP MACRO sf_datetime(x) AS
    strftime(date_trunc('second', CAST(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ) AS TIMESTAMP)), '%Y-%m-%dT%H:%M:%S.000Z');

-- Values of a multi-select picklist in one fixed order, each once.
CREATE TEMP MACRO sf_choices(x) AS
    nullif(array_to_string(list_sort(list_distinct(list_filter(
        list_transform(string_split(CAST(x AS VARCHAR), ';'), lambda choice: trim(choice)), lambda choice: choice <> ''
    ))), ';'), '');

-- A score, rounded to six places so that the last bit of a parallel sum is no change; other text as it is.
CREATE TEMP MACRO sf_score(x) AS CASE WHEN sf_missing(x) THEN NULL ELSE coalesce(sf_number(x, 6), sf_text(x)) END;

-- Names of the heaviest entries of a list of {k, v}: by weight, ties by name.
CREATE TEMP MACRO sf_heaviest(entries, size) AS
    list_transform(list_sort(list_transform(
        list_filter(entries, lambda entry: entry.v IS NOT NULL AND NOT isnan(entry.v)),
        lambda entry: {'w': -entry.v, 'n': replace(entry.k, ';', ',')}
    ))[1:size], lambda entry: entry.n);

-- Entries joined by ';', as many whole ones as fit.
CREATE TEMP MACRO sf_joined(entries, size) AS
    CASE WHEN sf_length(array_to_string(entries, ';')) <= size THEN nullif(array_to_string(entries, ';'), '')
         ELSE nullif(array_to_string(entries[1:coalesce(list_max(list_filter(
             range(1, len(entries) + 1), lambda n: sf_length(array_to_string(entries[1:n], ';')) <= size
         )), 0)], ';'), '') END;

-- A match value as Salesforce compares it.
CREATE TEMP MACRO sf_match_key(x) AS lower(x);

-- A Bulk CSV cannot carry the text #N/A (it clears), more than 32,000 characters a field, or an emptied parent.
CREATE TEMP MACRO sf_bulk_unfit(changed) AS
    len(list_filter(map_entries(changed), lambda field:
        field.value."after" = '#N/A' OR length(field.value."after") > 32000
        OR (field.value."after" IS NULL AND contains(field.key, '.')))) > 0;
