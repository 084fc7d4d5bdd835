/** Queries on imports: how far each is. */
import { and, eq, sql } from 'drizzle-orm'
import type { Orm } from '../database.ts'
import { imports } from '../schema.ts'

/** How far an import is. `chatId` is the chat of which a part is stored. */
export type ImportState = { records: number, digest: string, chatId: number | null, finishedAt: Date | null }

/** Begins an import, unless there is one of that id. @returns how far it is */
export async function openImport (orm: Orm, id: string): Promise<ImportState> {
  await orm.insert(imports).values({ id }).onConflictDoNothing()
  return readImport(orm, id)
}

/** How far an import is. */
export async function readImport (orm: Orm, id: string): Promise<ImportState> {
  const { records, digest, chatId, finishedAt } = imports
  const [row] = await orm.select({ records, digest, chatId, finishedAt }).from(imports).where(eq(imports.id, id))
  if (row === undefined) throw new Error('The import is gone.')
  return row
}

/** Forgets an import. @returns how far it was; undefined when there is none of that id */
export async function removeImport (tx: Orm, id: string): Promise<Pick<ImportState, 'chatId'> | undefined> {
  const [row] = await tx.delete(imports).where(eq(imports.id, id)).returning({ chatId: imports.chatId })
  return row
}

/** Has other processes with the same import wait. @returns whether it is still where this one has left it */
export async function lockImport (tx: Orm, id: string, from: number): Promise<boolean> {
  const rows = await tx.select({ id: imports.id }).from(imports).where(eq(imports.id, id)).for('update')
  return rows.length > 0 && (await readImport(tx, id)).records === from
}

/**
 * Notes how far an import is, together with what the transaction stores of it.
 * @param from the number of records before
 * @returns false when another process has gone on with it
 */
export async function advanceImport (
  tx: Orm, id: string, from: number, { isFinished, ...next }: Omit<ImportState, 'finishedAt'> & { isFinished: boolean }
): Promise<boolean> {
  const rows = await tx
    .update(imports)
    .set({ ...next, ...(isFinished && { finishedAt: sql`now()` }) })
    .where(and(eq(imports.id, id), eq(imports.records, from)))
    .returning({ id: imports.id })
  return rows.length > 0
}
