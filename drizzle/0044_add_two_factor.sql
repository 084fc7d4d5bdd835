-- The second factor of accounts: codes of an authenticator app, and recovery codes. "secret" is encrypted. Until
-- "confirmed_at" it is not in force. "last_step" is the time step of the last code: none is taken twice.
CREATE TABLE "two_factors" (
	"user_id" bigint PRIMARY KEY NOT NULL REFERENCES "users"("id") ON DELETE CASCADE,
	"secret" text NOT NULL,
	"confirmed_at" timestamp (3) with time zone,
	"last_step" bigint,
	"recovery_hashes" text[] DEFAULT '{}' NOT NULL
);
