/** What every database owes the queries on sessions; see `suite.ts`. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { sessions as rows } from '../../../src/store/schema.ts'
import * as sessions from '../../../src/store/sessions.ts'
import { after } from '../../../src/store/sql.ts'
import { addUser, atOnce, MINUTE, type Connections } from '../../support/data/rows.ts'

/** Runs this part of the suite. */
export async function testSessions (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const addSession = async (userId: number, ttlMs: number) => {
    const id = randomUUID()
    await sessions.insertSession(orm, { id, userId, ttlMs })
    return id
  }
  const extend = (id: string, ttlMs: number, maxAgeMs = 60 * MINUTE) =>
    sessions.extendSession(orm, id, { ttlMs, maxAgeMs })
  /** Whether it is so many milliseconds, give or take what a test takes. */
  const isAbout = (ms: number | undefined, expected: number) => ms !== undefined && Math.abs(ms - expected) < MINUTE / 2

  await t.test('a session lives until it ends or is revoked', async (t) => {
    const user = await addUser(orm)
    const id = await addSession(user.id, MINUTE)
    const session = await sessions.findLiveSession(orm, id)
    t.hasStrict(session, { sessionId: id, userId: user.id, username: user.username })
    t.ok(isAbout(session?.remainingMs, MINUTE))
    t.ok(isAbout(session?.databaseTimeMs, Date.now()))
    t.ok(isAbout((await extend(id, 2 * MINUTE)).remainingMs, 2 * MINUTE))
    t.ok(isAbout((await sessions.findLiveSession(orm, id))?.remainingMs, 2 * MINUTE))
    t.ok(isAbout((await extend(id, 2 * MINUTE, MINUTE)).remainingMs, MINUTE), 'no longer than its maximum age')
    await extend(id, 0)
    t.equal(await sessions.findLiveSession(orm, id), undefined, 'it is over')
    await extend(id, MINUTE)
    const revoked = await atOnce(connections, (orm) => sessions.revokeSessionOfUser(orm, user.id, id))
    t.equal(revoked.filter(Boolean).length, 1, 'it is revoked once')
    t.equal(await sessions.findLiveSession(orm, id), undefined)
  })

  await t.test('dead sessions are found among living ones', async (t) => {
    const [user, other] = [await addUser(orm), await addUser(orm)]
    const [alive, over, revoked, unknown] = [
      await addSession(user.id, MINUTE),
      await addSession(user.id, 0),
      await addSession(user.id, MINUTE),
      randomUUID()
    ]
    const elsewhere = await addSession(other.id, MINUTE)
    await sessions.revokeSessionOfUser(orm, user.id, revoked)
    t.strictSame(await sessions.findDeadSessions(orm, [alive, over, revoked, unknown]), [over, revoked, unknown])
    t.strictSame(await sessions.findDeadSessions(orm, []), [])
    t.strictSame((await sessions.revokeSessionsOfUser(orm, user.id)).sort(), [alive, over].sort())
    t.strictSame(await sessions.findDeadSessions(orm, [alive, elsewhere]), [alive], 'those of others live on')
  })

  await t.test('a user\'s living sessions are listed, and one of them is revoked by its owner only', async (t) => {
    const [user, other] = [await addUser(orm), await addUser(orm)]
    const [one, two, over] = [
      await addSession(user.id, MINUTE),
      await addSession(user.id, 2 * MINUTE),
      await addSession(user.id, 0)
    ]
    await addSession(other.id, MINUTE)
    const listed = async () =>
      (await sessions.listSessionsOfUser(orm, user.id)).map(({ sessionId, createdAt, expiresAt }) =>
        [sessionId, Math.round((expiresAt.getTime() - createdAt.getTime()) / MINUTE)] as const
      )
    t.strictSame(new Map(await listed()), new Map([[one, 1], [two, 2]]))
    t.equal(await sessions.revokeSessionOfUser(orm, other.id, one), false)
    const revoked = await atOnce(connections, (orm) => sessions.revokeSessionOfUser(orm, user.id, one))
    t.equal(revoked.filter(Boolean).length, 1, 'it is revoked once')
    t.strictSame(await listed(), [[two, 2]])
    t.notOk((await sessions.findDeadSessions(orm, [two, over])).includes(two))
  })

  await t.test('a refresh token is spent by one of several at once', async (t) => {
    const { id: userId } = await addUser(orm)
    const sessionId = await addSession(userId, MINUTE)
    const token = randomUUID()
    t.equal(await sessions.findRefreshToken(orm, token), undefined)
    await sessions.insertRefreshToken(orm, token, sessionId)
    t.strictSame(await sessions.findRefreshToken(orm, token), { sessionId, userId, spentForMs: null })
    const spent = await atOnce(connections, (orm) =>
      orm.transaction((tx) => sessions.spendRefreshToken(tx, token))
    )
    t.strictSame(
      spent.filter((id) => id !== undefined),
      [sessionId]
    )
    const spentForMs = (await sessions.findRefreshToken(orm, token))?.spentForMs ?? undefined
    t.ok(isAbout(spentForMs, 0))
  })

  await t.test('what ended long ago is removed, its tokens with it', async (t) => {
    const user = await addUser(orm)
    const [over, revoked, recent, alive] = [
      await addSession(user.id, -2 * MINUTE),
      await addSession(user.id, MINUTE),
      await addSession(user.id, MINUTE),
      await addSession(user.id, MINUTE)
    ]
    for (const id of [revoked, recent]) await sessions.revokeSessionOfUser(orm, user.id, id)
    await orm.update(rows).set({ revokedAt: after(-2 * MINUTE) }).where(eq(rows.id, revoked))
    for (const id of [over, revoked, recent, alive]) await sessions.insertRefreshToken(orm, `of ${id}`, id)
    await sessions.removeSessionsEndedFor(orm, MINUTE)
    const left = await Promise.all(
      [over, revoked, recent, alive].map(async (id) => (await sessions.findRefreshToken(orm, `of ${id}`)) !== undefined)
    )
    t.strictSame(left, [false, false, true, true])
  })
}
