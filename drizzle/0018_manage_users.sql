-- Answers of requests with an Idempotency-Key, for their repetitions.
CREATE TABLE "idempotency_keys" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" integer DEFAULT 0 NOT NULL,
	"headers" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"body" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_caller_key_pk" PRIMARY KEY("caller","key")
);
--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "idempotency_keys" USING btree ("created_at");
--> statement-breakpoint
-- What accounts of ours say of themselves in /v1, beside their names.
CREATE TABLE "account_profiles" (
	"user_id" bigint PRIMARY KEY NOT NULL REFERENCES "users"("id") ON DELETE cascade,
	"avatar" text,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"version" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
-- Users of an application are found by the beginnings of their ids and names. They have no password.
CREATE INDEX "application_users_id_prefix" ON "application_users" USING btree ("external_id" text_pattern_ops);
--> statement-breakpoint
CREATE INDEX "users_application_name_prefix" ON "users" USING btree (lower("display_name") text_pattern_ops) WHERE "users"."password_hash" = '';
