-- Each claim of a job has a name of its own: a replica that has lost its claim can no longer change the job, and jobs
-- that are under way can be told from those that wait.
ALTER TABLE "jobs" ADD COLUMN "claim" uuid;
