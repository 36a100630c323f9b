-- described_expire: what describe said is not believed any more; it is kept to be compared.
-- writes: store.described
UPDATE store.described SET described_at = TIMESTAMP '1970-01-01'
