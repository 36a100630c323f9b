-- stage_file: parse CSV or JSON once: what a line holds then shows here and not in the middle of a plan, and the
--             file may change while we work.
-- template: name, relation
CREATE OR REPLACE TEMP TABLE {{ name }} AS FROM {{ relation }}
