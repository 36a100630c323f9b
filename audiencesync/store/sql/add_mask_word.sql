-- add_mask_word: room for 63 more audiences.
-- template: table, word
ALTER TABLE store.{{ table }} ADD COLUMN mask_{{ word }} BIGINT DEFAULT 0
