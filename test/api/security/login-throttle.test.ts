import t, { type Test } from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { expectSentence } from '../../support/data/emotechat.ts'
import { textAt } from '../../support/data/json.ts'
import { linkIn } from '../../support/data/outbox.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import {
  expectWait,
  from,
  guess,
  logInFrom,
  newAddress,
  newAddresses,
  registerFrom,
  WRONG
} from '../../support/clients/addresses.ts'

const PER_ADDRESS = 3
const PER_ACCOUNT = 6
const QUARTER_HOUR_S = 900

const environment = {
  RATE_LIMITS: 'on',
  TRUST_PROXY: '127.0.0.1',
  LOGIN_FAILURES_PER_ADDRESS: String(PER_ADDRESS),
  LOGIN_FAILURES_PER_ACCOUNT: String(PER_ACCOUNT)
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await fromOneAddress(t, cluster)
    await fromMany(t, cluster)
    await theOwner(t, cluster)
  },
  { environment }
)

async function fromOneAddress (t: Test, cluster: Cluster): Promise<void> {
  await t.test('who guesses from one address has to wait, on every replica, and others do not', async (t) => {
    const account = await registerFrom(cluster, newAddress())
    const address = newAddress()
    await guess(
      t,
      cluster,
      account.username,
      Array.from({ length: PER_ADDRESS }, () => address)
    )
    expectWait(
      t,
      await logInFrom(cluster, address, { ...account, username: account.username.toUpperCase() }),
      QUARTER_HOUR_S
    )
    t.equal((await logInFrom(cluster, newAddress(), account)).status, 200)
    t.equal(
      (await logInFrom(cluster, address, await registerFrom(cluster, newAddress()))).status,
      200,
      'nor does it count against another account'
    )
  })

  await t.test('all addresses of a /64 are one', async (t) => {
    const account = await registerFrom(cluster, newAddress())
    await guess(
      t,
      cluster,
      account.username,
      Array.from({ length: PER_ADDRESS }, (_, index) => `2001:db8:ffff:1::${String(index + 1)}`)
    )
    expectWait(t, await logInFrom(cluster, '2001:db8:ffff:1:ffff::', account), QUARTER_HOUR_S)
    t.equal((await logInFrom(cluster, '2001:db8:ffff:2::1', account)).status, 200)
  })

  await t.test('a login that goes well forgives the failures before it', async (t) => {
    const account = await registerFrom(cluster, newAddress())
    for (const address of newAddresses(1)) {
      for (let round = 0; round < 2; round++) {
        await guess(
          t,
          cluster,
          account.username,
          Array.from({ length: round === 0 ? PER_ADDRESS - 1 : 1 }, () => address)
        )
        t.equal((await logInFrom(cluster, address, account)).status, 200)
      }
    }
  })
}

async function fromMany (t: Test, cluster: Cluster): Promise<void> {
  await t.test(
    'who guesses from many addresses has to wait at all of them, whether or not the account exists',
    async (t) => {
      const account = await registerFrom(cluster, newAddress())
      for (const username of [account.username, uniqueName('nobody-')]) {
        await guess(t, cluster, username, newAddresses(PER_ACCOUNT))
        for (const address of newAddresses(3))
          expectWait(t, await logInFrom(cluster, address, { ...account, username }), QUARTER_HOUR_S)
      }
    }
  )

  await t.test('guesses at once get no further', async (t) => {
    const { username } = await registerFrom(cluster, newAddress())
    const answers = await Promise.all(
      newAddresses(4 * PER_ACCOUNT).map((address) => logInFrom(cluster, address, { username, password: WRONG }))
    )
    t.equal(answers.filter(({ status }) => status === 400).length, PER_ACCOUNT)
    t.strictSame(
      answers.map(({ status }) => status).filter((status) => status !== 400 && status !== 429),
      []
    )
  })

  await t.test('the same for an account known by its e-mail address, in the form of the other dialect', async (t) => {
    const { email, password } = await registerFrom(cluster, newAddress())
    for (const address of newAddresses(PER_ACCOUNT))
      expectSentence(t, await cluster.post('/api/auth/login', { email, password: WRONG }, from(address)), 400)
    const answer = await cluster.post('/api/auth/login', { email: email.toUpperCase(), password }, from(newAddress()))
    expectSentence(t, answer, 429)
    t.ok(Number(answer.headers.get('retry-after')) > 1)
  })

  await t.test('logins that go well count for nothing', async (t) => {
    const account = await registerFrom(cluster, newAddress())
    for (const address of newAddresses(PER_ACCOUNT + 2))
      t.equal((await logInFrom(cluster, address, account)).status, 200)
  })
}

async function theOwner (t: Test, cluster: Cluster): Promise<void> {
  await t.test('while others guess, the owner gets in where they were before, under either name', async (t) => {
    const [home, account] = [newAddress(), await registerFrom(cluster, newAddress())]
    t.equal((await logInFrom(cluster, home, account)).status, 200)
    await guess(t, cluster, account.username, newAddresses(PER_ACCOUNT))
    expectWait(t, await logInFrom(cluster, newAddress(), account), QUARTER_HOUR_S)
    t.equal((await logInFrom(cluster, home, account)).status, 200)
    for (const address of newAddresses(PER_ACCOUNT))
      await cluster.post('/api/auth/login', { email: account.email, password: WRONG }, from(address))
    t.equal((await cluster.post('/api/auth/login', account, from(home))).status, 200)
  })

  await t.test('and by a mailed link everywhere else', async (t) => {
    const account = await registerFrom(cluster, newAddress())
    const away = newAddress()
    await guess(t, cluster, account.username, [
      ...newAddresses(PER_ACCOUNT - PER_ADDRESS),
      ...Array.from({ length: PER_ADDRESS }, () => away)
    ])
    expectWait(t, await logInFrom(cluster, away, account), QUARTER_HOUR_S)
    t.equal(
      (await cluster.post('/user/reset-password-request', { username: account.username }, from(away))).status,
      200
    )
    const { pathname, search } = linkIn(await cluster.outbox.take(account.email))
    const password = uniqueName('Fresh-9')
    t.equal((await cluster.post(pathname + search, { password, confirm_password: password }, from(away))).status, 200)
    t.equal((await logInFrom(cluster, away, { ...account, password })).status, 200)
  })

  await t.test('a session that is open is not touched', async (t) => {
    const account = await registerFrom(cluster, newAddress())
    const { body } = await logInFrom(cluster, newAddress(), account)
    await guess(t, cluster, account.username, newAddresses(PER_ACCOUNT))
    const [token, refresh] = [textAt(body, 'access_token'), textAt(body, 'refresh_token')]
    t.equal((await cluster.post('/chat/fetch-chats', { session_token: token })).status, 200)
    t.equal((await cluster.post('/user/refresh-token', { refresh_token: refresh }, from(newAddress()))).status, 200)
  })
}
