-- columns_there: the columns of a relation of a cluster, without reading its rows.
-- template: relation (anything that may follow FROM)
-- returns : no rows; their names and types are the answer
SELECT * FROM {{ relation }} LIMIT 0
