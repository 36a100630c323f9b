-- compact_done: close the new file.
-- writes: fresh
CHECKPOINT fresh;
DETACH fresh
