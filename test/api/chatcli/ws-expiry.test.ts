import t from '../../support/tap.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register } from '../../support/data/accounts.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { claimsOf, signClaims } from '../../support/data/jwt.ts'

const POLICY_VIOLATION = 1008
const SOON_S = 3
const DEADLINE_MS = 30_000

/** A good token like this one that ends at another time, in seconds. */
const endingAt = (token: string, seconds: number) => signClaims({ ...claimsOf(token), exp: seconds })

await onOneDeployment(t, async (t, cluster) => {
  const ann = await register(cluster)
  const newer = await logIn(cluster, ann)
  const now = Math.ceil(Date.now() / 1_000)
  const end = now + SOON_S
  const soon = endingAt(ann.accessToken, end)
  const open = (index: number) => connect(t, cluster.replica(index), soon)
  const [plain, sameSession, otherSession, refused, extendedALittle] = await Promise.all([
    open(0),
    open(1),
    open(2),
    open(0),
    open(1)
  ])
  sameSession.send({ type: 'auth', token: ann.accessToken })
  otherSession.send({ type: 'auth', token: newer.accessToken })
  refused.send({ type: 'auth', token: 'nonsense' })
  extendedALittle.send({ type: 'auth', token: endingAt(newer.accessToken, end + 1) })
  for (const socket of [sameSession, otherSession, extendedALittle])
    t.strictSame(await socket.next(), { type: 'auth_ack', status: 'ok' })
  t.equal((await refused.next())['code'], 'unauthenticated')

  await t.test('a socket lives as long as its token and no longer', async (t) => {
    t.equal(await plain.closed(DEADLINE_MS), POLICY_VIOLATION)
    t.ok(Date.now() >= end * 1_000, 'not before its end')
  })

  await t.test('a wrong token does not extend it', async (t) => {
    t.equal(await refused.closed(DEADLINE_MS), POLICY_VIOLATION)
  })

  await t.test(
    'a newer token extends it, of the same session or of another of the same user, until the end of that',
    async (t) => {
      t.equal(await extendedALittle.closed(DEADLINE_MS), POLICY_VIOLATION)
      t.ok(Date.now() >= (end + 1) * 1_000)
      for (const socket of [sameSession, otherSession]) t.strictSame(await socket.barrier(), [], 'others live on')
    }
  )

  await t.test('a socket that was extended ends with the session it was extended by', async (t) => {
    await cluster.call('POST', '/api/auth/logout', { bearer: ann.accessToken })
    t.equal(await sameSession.closed(), POLICY_VIOLATION)
    t.strictSame(await otherSession.barrier(), [])
    await cluster.call('POST', '/api/auth/logout', { bearer: newer.accessToken })
    t.equal(await otherSession.closed(), POLICY_VIOLATION)
  })
})
