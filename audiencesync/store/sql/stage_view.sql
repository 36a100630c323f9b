-- stage_view: give rows a name of ours; they are read where they lie.
-- template: name, relation
CREATE OR REPLACE TEMP VIEW {{ name }} AS SELECT * FROM {{ relation }}
