-- columns: the columns of a relation and their types, without reading its rows.
-- template: relation (anything that may follow FROM)
-- returns : no rows; the cursor's description is the answer
FROM {{ relation }} LIMIT 0
