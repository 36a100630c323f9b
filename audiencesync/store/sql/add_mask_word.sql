-- add_mask_word: room for 63 more audiences, where there is none.
-- template: table, word
ALTER TABLE store.{{ table }} ADD COLUMN IF NOT EXISTS mask_{{ word }} BIGINT DEFAULT 0
