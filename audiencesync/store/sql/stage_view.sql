-- stage_view: give a relation of the user's a name of ours; its rows are read where they lie.
-- template: name, relation
CREATE OR REPLACE TEMP VIEW {{ name }} AS FROM {{ relation }}
