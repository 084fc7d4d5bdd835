/** The lifetime of codes and links that are mailed: it begins when the mail is sent, however long that took. */
import { eq } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { addressChanges, earlierRegistrations, resetTokens, verificationCodes } from './schema.ts'
import { after } from './sql.ts'

/** The code or link in a mail: its stored hash, and its lifetime in milliseconds. */
export type MailSecret = { hash: string, ttlMs: number }

/**
 * Has a code or link live so long from now. @returns false when it was replaced or used up, so that mailing it would
 * only mislead
 */
export async function renewSecret (orm: Orm, { hash, ttlMs }: MailSecret): Promise<boolean> {
  const values = { expiresAt: after(ttlMs) }
  const renewed = await Promise.all([
    orm.update(verificationCodes).set(values).where(eq(verificationCodes.codeHash, hash))
      .returning({ userId: verificationCodes.userId }),
    orm.update(earlierRegistrations).set(values).where(eq(earlierRegistrations.codeHash, hash))
      .returning({ userId: earlierRegistrations.userId }),
    orm.update(addressChanges).set(values).where(eq(addressChanges.codeHash, hash))
      .returning({ userId: addressChanges.userId }),
    orm.update(resetTokens).set(values).where(eq(resetTokens.tokenHash, hash))
      .returning({ userId: resetTokens.userId })
  ])
  return renewed.some((rows) => rows.length > 0)
}
