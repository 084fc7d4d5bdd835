-- Numbers the accounts that were active before there were numbers; the server numbers those that become active later.
UPDATE "users" SET "directory_position" = numbered."position"
FROM (SELECT "id", row_number() OVER (ORDER BY "activated_at", "id") AS "position" FROM "users" WHERE "activated_at" IS NOT NULL) numbered
WHERE "users"."id" = numbered."id";
