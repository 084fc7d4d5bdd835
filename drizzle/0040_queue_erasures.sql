-- Erasures of accounts and removals of files are jobs like others (see src/jobs).

CREATE OR REPLACE FUNCTION note_file_removal() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO jobs (kind, payload) VALUES ('file-removal', jsonb_build_object('file', OLD.id));
  -- An upload may be under way, or a link for one still be good.
  IF OLD.completed_at IS NULL THEN
    INSERT INTO jobs (kind, payload, due_at)
    VALUES ('file-removal', jsonb_build_object('file', OLD.id), now() + interval '1 day');
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
WITH taken AS (DELETE FROM "file_removals" RETURNING *)
INSERT INTO jobs (kind, payload, due_at)
SELECT 'file-removal', jsonb_build_object('file', file, 'uploadOnly', upload_only), due_at FROM taken;
