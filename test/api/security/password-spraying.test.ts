import t from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { onOneDeployment, onEmbedded } from '../../support/servers/deployments.ts'
import {
  expectWait,
  guess,
  logInFrom,
  newAddress,
  newAddresses,
  registerFrom,
  WRONG
} from '../../support/clients/addresses.ts'

const LIMIT = 6

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test(
      'who guesses at many accounts from many addresses has to wait, and owners get in where they were before',
      async (t) => {
        const [home, account] = [newAddress(), await registerFrom(cluster, newAddress())]
        t.equal((await logInFrom(cluster, home, account)).status, 200)
        for (const address of newAddresses(LIMIT)) await guess(t, cluster, uniqueName('nobody-'), [address])
        expectWait(t, await logInFrom(cluster, newAddress(), { username: uniqueName('nobody-'), password: WRONG }), 60)
        expectWait(t, await logInFrom(cluster, newAddress(), account), 60)
        t.equal((await logInFrom(cluster, home, account)).status, 200)
      }
    )
  },
  { environment: { RATE_LIMITS: 'on', TRUST_PROXY: '127.0.0.1', LOGIN_FAILURES_PER_MINUTE: String(LIMIT) } }
)

await onEmbedded(
  t,
  async (t, cluster) => {
    await t.test('RATE_LIMITS=off lifts it all', async (t) => {
      const account = await registerFrom(cluster, newAddress())
      await guess(
        t,
        cluster,
        account.username,
        Array.from({ length: LIMIT + 1 }, () => '192.0.2.1')
      )
      t.equal((await logInFrom(cluster, '192.0.2.1', account)).status, 200)
    })
  },
  {
    environment: {
      RATE_LIMITS: 'off',
      TRUST_PROXY: '127.0.0.1',
      LOGIN_FAILURES_PER_ADDRESS: '1',
      LOGIN_FAILURES_PER_ACCOUNT: '1',
      LOGIN_FAILURES_PER_MINUTE: '1'
    }
  }
)
