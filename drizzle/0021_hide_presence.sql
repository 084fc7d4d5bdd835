-- Users of whom no other user may know whether they are online.
CREATE TABLE "hidden_presence" (
	"user_id" bigint PRIMARY KEY NOT NULL
);
