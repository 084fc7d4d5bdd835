/** What the presence port promises, whichever adapter keeps it. */
import type { Test } from 'tap'
import type { PresenceLeases, Sighting } from '../../../src/presence/leases.ts'

const NOBODY: ReadonlyMap<number, number> = new Map()

/** Whether each user is found online. */
export async function onlineAmong (leases: PresenceLeases, userIds: readonly number[]): Promise<boolean[]> {
  const found = await leases.find(userIds)
  return userIds.map((userId) => found.get(userId)?.isOnline === true)
}

/** Runs the suite on a new place, as one replica enters users and another, which may be the same, looks. */
export async function testPresence (t: Test, replica: PresenceLeases, other: PresenceLeases): Promise<void> {
  const seen = async (userId: number): Promise<Sighting | undefined> => (await other.find([userId])).get(userId)

  await t.test('who was entered is found everywhere, and nobody else', async (t) => {
    await replica.renew()
    await other.renew()
    await replica.update([1, 2], NOBODY)
    for (const leases of [replica, other]) t.strictSame(await onlineAmong(leases, [1, 2, 3]), [true, true, false])
    t.equal((await seen(1))?.lastSeenAt, undefined)
    t.strictSame(await other.find([]), new Map())
  })

  await t.test('who was entered twice leaves once, and it is remembered when that was', async (t) => {
    await replica.update([1], NOBODY)
    await replica.update([], new Map([[1, 1_764_000_000_123]]))
    t.strictSame(await seen(1), { isOnline: false, lastSeenAt: 1_764_000_000_123 })
    await replica.update([1], NOBODY)
    t.equal((await seen(1))?.isOnline, true)
    await replica.update([3], new Map([[1, 1_764_000_000_500], [9, 1_764_000_000_600]]))
    t.strictSame(await onlineAmong(other, [1, 2, 3, 9]), [false, true, true, false])
    t.equal((await seen(1))?.lastSeenAt, 1_764_000_000_500)
  })

  await t.test('everything that a replica has entered can be replaced, and its number is known', async (t) => {
    await replica.replace([4, 5])
    t.strictSame(await onlineAmong(other, [2, 3, 4, 5]), [false, false, true, true])
    t.equal((await replica.renew()).entered, 2)
    await replica.replace([])
    t.strictSame(await onlineAmong(other, [4, 5]), [false, false])
    t.equal((await replica.renew()).entered, 0)
  })

  await t.test('thousands are entered and looked for at once', async (t) => {
    const many = Array.from({ length: 2_500 }, (_, index) => 1_000 + index)
    await replica.update(many, NOBODY)
    t.equal((await replica.renew()).entered, many.length)
    t.ok((await onlineAmong(other, [...many, 7])).every((isOnline, index) => isOnline === (index < many.length)))
    await replica.update([], new Map(many.map((userId) => [userId, userId])))
    t.equal((await replica.renew()).entered, 0)
    t.strictSame((await other.find([1_000, 3_499])).get(3_499), { isOnline: false, lastSeenAt: 3_499 })
  })

  await t.test('who was about to leave when a replica ended was seen then', async (t) => {
    await replica.release(60_000, new Map([[11, 1_764_000_000_700]]))
    t.equal((await seen(11))?.lastSeenAt, 1_764_000_000_700)
  })
}
