-- batch_set_job: the Bulk job that carries a batch, known before anything is uploaded.
-- params: $batch_id, $job_id
UPDATE store.batch SET job_id = $job_id WHERE batch_id = $batch_id
