-- stage_placed: the rows of Parquet files that stand at the places of stage_place; parts of a file without any are not
--               unpacked.
-- template: files (what reads them), columns (of theirs, that are needed), few (at least as many as there are places)
-- reads   : stage_place
-- makes   : stage_placed: those columns

-- each place is looked for; else all that lies between the first and the last is read
SET dynamic_or_filter_threshold = {{ few }};

CREATE OR REPLACE TEMP TABLE stage_placed AS
SELECT {% for column in columns %}_profile.{{ column | name }}{{ ", " if not loop.last }}{% endfor %}

FROM {{ files }} AS _profile
SEMI JOIN stage_place AS place
    ON place.file_index = _profile.file_index AND place.file_row_number = _profile.file_row_number;

RESET dynamic_or_filter_threshold;
