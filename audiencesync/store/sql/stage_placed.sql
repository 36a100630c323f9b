-- stage_placed: the rows of Parquet files that stand at the places of stage_place; parts of a file without any are not
--               unpacked.
-- template: files (what reads them), columns (of theirs, that are needed)
-- reads   : stage_place
-- makes   : stage_placed: those columns
CREATE OR REPLACE TEMP TABLE stage_placed AS
SELECT {% for column in columns %}_profile.{{ column | name }}{{ ", " if not loop.last }}{% endfor %}

FROM {{ files }} AS _profile
SEMI JOIN stage_place AS place
    ON place.file_index = _profile.file_index AND place.file_row_number = _profile.file_row_number
