-- Accounts are found by the beginning of their username or of their display name.
CREATE INDEX "users_username_prefix" ON "users" ("username_key" text_pattern_ops)
  WHERE "directory_position" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "users_name_prefix" ON "users" (lower("display_name") text_pattern_ops)
  WHERE "directory_position" IS NOT NULL;
