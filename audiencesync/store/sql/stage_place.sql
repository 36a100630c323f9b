-- stage_place: where the profiles that a plan looks at are in their Parquet files, of which only the keys are read.
-- template: files (what reads them), key (SQL for the text of a key)
-- reads   : stage_scope
-- makes   : stage_place(file_index, file_row_number)
CREATE OR REPLACE TEMP TABLE stage_place AS
SELECT file_index, file_row_number
FROM {{ files }} AS _profile
SEMI JOIN stage_scope AS scope ON scope.profile_key = {{ key }}
