ALTER TABLE "participants" ADD COLUMN "read_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "directory_position" bigint;--> statement-breakpoint
CREATE INDEX "reset_tokens_hash" ON "reset_tokens" USING btree ("token_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "users_directory_position" ON "users" USING btree ("directory_position");--> statement-breakpoint
CREATE INDEX "users_unnumbered" ON "users" USING btree ("id") WHERE "users"."activated_at" is not null and "users"."directory_position" is null;--> statement-breakpoint
CREATE INDEX "verification_codes_hash" ON "verification_codes" USING btree ("code_hash");