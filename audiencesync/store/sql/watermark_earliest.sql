-- watermark_earliest: the least of some watermarks, compared as what they are: as text, 10 comes before 9.
-- params  : $marks VARCHAR[]
-- template: type (of `updated_at`)
-- returns : watermark VARCHAR
-- grain   : one row
SELECT CAST(min(CAST(mark AS {{ type }})) AS VARCHAR) AS watermark FROM unnest($marks) AS given(mark)
