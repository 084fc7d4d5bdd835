-- Users whose read marks no other member may know.
CREATE TABLE "hidden_receipts" (
	"user_id" bigint PRIMARY KEY NOT NULL
);
