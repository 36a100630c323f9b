-- enqueue_bits: make the bits that a plan gave out lasting.
-- params: $sync_id
INSERT INTO store.audience_bit SELECT $sync_id, audience, ordinal FROM plan_bit WHERE is_new
