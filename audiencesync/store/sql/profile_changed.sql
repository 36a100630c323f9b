-- profile_changed: whether the source says that a row has changed; included by other statements.
-- params  : $since (an `updated_at`)
-- template: updated_at (column), since_type (its type)
({{ updated_at | name }} >= CAST($since AS {{ since_type }}) OR {{ updated_at | name }} IS NULL)
