/** What every database owes the queries on codes and links; see `suite.ts`. */
import type { Test } from 'tap'
import * as resetTokens from '../../../src/store/reset-tokens.ts'
import * as verification from '../../../src/store/verification.ts'
import { addUser, atOnce, MINUTE, type Connections } from '../../support/data/rows.ts'

const MAX_ATTEMPTS = 5

/** Runs this part of the suite. */
export async function testCodes (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const setCode = (userId: number, codeHash: string, ttlMs: number) =>
    verification.setVerificationCode(orm, userId, { codeHash, networkKey: null, ttlMs })

  await t.test('a code is tried a bounded number of times, however many try at once', async (t) => {
    const { id } = await addUser(orm)
    await setCode(id, 'hash', 10 * MINUTE)
    const tries = await atOnce(connections, (orm) => verification.countVerificationAttempt(orm, id, MAX_ATTEMPTS), 40)
    t.strictSame(
      tries.flatMap((code) => code?.codeHash ?? []),
      Array.from({ length: MAX_ATTEMPTS }, () => 'hash')
    )
    t.equal(await verification.countVerificationAttempt(orm, id, MAX_ATTEMPTS), undefined)
    await setCode(id, 'next', 10 * MINUTE)
    t.equal(
      (await verification.countVerificationAttempt(orm, id, MAX_ATTEMPTS))?.codeHash,
      'next',
      'a new code may be tried again'
    )
  })

  await t.test('a code has an end, and no account has one by itself', async (t) => {
    const { id } = await addUser(orm)
    t.equal(await verification.countVerificationAttempt(orm, id, MAX_ATTEMPTS), undefined)
    await setCode(id, 'hash', 0)
    t.equal(await verification.countVerificationAttempt(orm, id, MAX_ATTEMPTS), undefined)
    await setCode(id, 'hash', MINUTE)
    t.equal((await verification.countVerificationAttempt(orm, id, MAX_ATTEMPTS))?.codeHash, 'hash')
  })

  await t.test('a code and a reset link are used up by one of several at once', async (t) => {
    const { id } = await addUser(orm)
    await setCode(id, 'hash', 10 * MINUTE)
    t.equal(await verification.consumeVerificationCode(orm, id, 'older'), false)
    const codes = await atOnce(connections, (orm) => verification.consumeVerificationCode(orm, id, 'hash'))
    await resetTokens.setResetToken(orm, id, 'token', 60 * MINUTE)
    const links = await atOnce(connections, (orm) => resetTokens.consumeResetToken(orm, id, 'token'))
    t.strictSame(
      [codes, links].map((won) => won.filter(Boolean).length),
      [1, 1]
    )
  })

  await t.test('a reset link is replaced by a newer one and has an end', async (t) => {
    const [{ id }, other] = [await addUser(orm), await addUser(orm)]
    await resetTokens.setResetToken(orm, id, 'older', 60 * MINUTE)
    await resetTokens.setResetToken(orm, id, 'newer', 60 * MINUTE)
    const ownerOf = async (token: string) => (await resetTokens.findUserByResetToken(orm, token))?.id
    t.strictSame([await ownerOf('older'), await ownerOf('newer')], [undefined, id])
    t.equal(await resetTokens.consumeResetToken(orm, other.id, 'newer'), false)
    t.equal(await resetTokens.consumeResetToken(orm, id, 'newer'), true)
    await resetTokens.setResetToken(orm, id, 'over', 0)
    t.strictSame([await ownerOf('over'), await resetTokens.consumeResetToken(orm, id, 'over')], [undefined, false])
    await resetTokens.setResetToken(orm, id, 'last', 60 * MINUTE)
    await resetTokens.removeResetToken(orm, id)
    t.equal(await ownerOf('last'), undefined)
  })

  await t.test('a verification link is found by its hash alone, and used up by one of several at once', async (t) => {
    const [one, two] = [await addUser(orm), await addUser(orm)]
    await setCode(one.id, `link ${one.username}`, 10 * MINUTE)
    await setCode(two.id, `link ${two.username}`, 10 * MINUTE)
    t.equal(await verification.findUserIdOfLink(orm, `link ${one.username}`), one.id)
    const winners = await atOnce(connections, (orm) =>
      verification.consumeVerificationCode(orm, one.id, `link ${one.username}`)
    )
    t.equal(winners.filter(Boolean).length, 1)
    t.equal(await verification.findUserIdOfLink(orm, `link ${one.username}`), undefined)
    await setCode(two.id, 'a link', 0)
    t.equal(await verification.findUserIdOfLink(orm, 'a link'), undefined, 'it has an end')
  })
}
