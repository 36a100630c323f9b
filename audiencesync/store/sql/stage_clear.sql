-- stage_clear: let go of the rows of a relation that were copied.
-- template: name
DELETE FROM {{ name }}
