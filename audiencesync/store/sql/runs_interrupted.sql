-- runs_interrupted: runs that never ended were killed; nobody else can hold the store now.
-- params: $now
UPDATE store.run SET status = 'failed', error = 'interrupted', finished_at = $now WHERE status = 'running'
