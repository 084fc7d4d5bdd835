/** Registrations of a name that is not verified yet, by its owner and by others: which of them a code activates. */
import t from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { from, newAddress } from '../../support/clients/addresses.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newRegistration, type Registration, registerPending } from '../../support/data/accounts.ts'
import { confirmationLinkIn, newEmoteRegistration } from '../../support/data/emotechat.ts'
import { textAt } from '../../support/data/json.ts'
import { codeIn } from '../../support/data/outbox.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment, onEmbedded } from '../../support/servers/deployments.ts'

const BEHIND_PROXY = { environment: { TRUST_PROXY: '127.0.0.1' } }
const ROUNDS = 12

/** Registers from an address. @returns the mailed code */
async function registerFrom (cluster: Cluster, address: string, registration: Registration): Promise<string> {
  const { status, text } = await cluster.post('/user/register', registration, from(address))
  if (status !== 200) throw new Error(text)
  return codeIn(await cluster.outbox.take(registration.email))
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    const verify = (address: string, { username }: Registration, code: string) =>
      cluster.post('/user/verify-email', { username, email_token: code }, from(address))
    const statusOfLogin = async ({ username, password }: Registration) =>
      (await cluster.post('/user/login', { username, password })).status
    /** The owner of an address, and somebody who registers the same over it. */
    const contest = async (theirs: Partial<Registration> = {}) => {
      const mine = newRegistration(uniqueName('Owner-'))
      const other = { ...mine, password: uniqueName('Theirs-9'), ...theirs }
      const [here, there] = [newAddress(), newAddress()]
      const myCode = await registerFrom(cluster, here, mine)
      const theirCode = await registerFrom(cluster, there, other)
      return { mine, other, here, there, myCode, theirCode }
    }

    await t.test('the owner who enters the code that others had mailed activates their own password', async (t) => {
      const { mine, other, here, theirCode } = await contest()
      expectOk(t, await verify(here, mine, theirCode), 'Email verified!')
      t.strictSame([await statusOfLogin(mine), await statusOfLogin(other)], [200, 400])
    })

    await t.test('the owner\'s own code is still good, from anywhere, and the other dies with its use', async (t) => {
      const { mine, other, there, myCode, theirCode } = await contest()
      expectOk(t, await verify(newAddress(), mine, myCode), 'Email verified!')
      t.strictSame([await statusOfLogin(mine), await statusOfLogin(other)], [200, 400])
      expectRefusal(t, await verify(there, mine, theirCode), 400)
      t.strictSame([await statusOfLogin(mine), await statusOfLogin(other)], [200, 400])
    })

    await t.test('a second mail to the same address says that there was another', async (t) => {
      const { mine } = await contest()
      const [first, second] = await cluster.outbox.to(mine.email)
      t.notMatch(first?.text, /more than once/)
      t.match(second?.text, /more than once/)
    })

    await t.test('of registrations with different addresses each is activated by its own code', async (t) => {
      for (const winner of ['mine', 'other'] as const) {
        const { email } = newRegistration()
        const scene = await contest({ email })
        const loser = winner === 'mine' ? 'other' : 'mine'
        const [code, late] = winner === 'mine' ? [scene.myCode, scene.theirCode] : [scene.theirCode, scene.myCode]
        expectOk(t, await verify(newAddress(), scene.mine, code), 'Email verified!')
        expectRefusal(t, await verify(newAddress(), scene.mine, late), 400)
        t.strictSame([await statusOfLogin(scene[winner]), await statusOfLogin(scene[loser])], [200, 400], winner)
        const again = { ...newRegistration(), email: scene[loser].email }
        t.equal((await cluster.post('/user/register', again)).status, 200, 'the other address is free')
      }
    })

    await t.test('an owner who comes second is not served by what others had registered before', async (t) => {
      const { mine, other, here, there, theirCode } = await contest()
      const third = { ...mine, password: uniqueName('Third-9') }
      await registerFrom(cluster, here, third)
      expectOk(t, await verify(here, mine, theirCode), 'Email verified!')
      t.strictSame(
        [await statusOfLogin(third), await statusOfLogin(mine), await statusOfLogin(other)],
        [200, 400, 400]
      )
      t.ok(there)
    })

    await t.test('from one network the newest registration counts alone', async (t) => {
      const address = newAddress()
      const first = newRegistration()
      const second = { ...first, password: uniqueName('Second-9') }
      const [code, next] = [await registerFrom(cluster, address, first), await registerFrom(cluster, address, second)]
      if (code !== next) expectRefusal(t, await verify(address, first, code), 400)
      expectOk(t, await verify(address, first, next), 'Email verified!')
      t.strictSame([await statusOfLogin(first), await statusOfLogin(second)], [400, 200])
    })

    await t.test('five wrong tries are counted against every code of a name', async (t) => {
      const { mine, here, myCode, theirCode } = await contest()
      const wrong = ['000000', '111111', '222222'].find((code) => code !== myCode && code !== theirCode) ?? ''
      for (let attempt = 1; attempt <= 5; attempt++) expectRefusal(t, await verify(here, mine, wrong), 400)
      for (const code of [myCode, theirCode]) expectRefusal(t, await verify(here, mine, code), 400)
    })

    await t.test('registering and verifying at once never fails on our side', async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const [one, other] = [await registerPending(cluster), await registerPending(cluster)]
        const codes = await Promise.all([one, other].map(async ({ email }) => codeIn(await cluster.outbox.take(email))))
        const calls = [one, other].flatMap((account, index) => [
          cluster.post('/user/register', { ...account, password: 'Another-9' }),
          verify('192.0.2.1', account, codes[index] ?? ''),
          // Each name with the address of the other one.
          cluster.post('/user/register', { ...account, email: (index === 0 ? other : one).email }, from(newAddress())),
          verify('192.0.2.1', account, codes[index] ?? '')
        ])
        const statuses = (await Promise.all(calls)).map(({ status }) => status)
        t.strictSame(statuses.filter((status) => status !== 200 && status !== 400), [], statuses.join(' '))
      }
    })
  },
  BEHIND_PROXY
)

await t.test('a link that EmoteChat has mailed is good although the name was registered from elsewhere', async (t) => {
  await onEmbedded(
    t,
    async (t, cluster) => {
      const mine = newEmoteRegistration()
      const answer = await cluster.post('/api/auth/register', mine, from(newAddress()))
      const username = textAt(answer.body, 'user', 'username')
      const link = confirmationLinkIn(await cluster.outbox.take(mine.email))
      const other = { ...newRegistration(), username }
      const code = await registerFrom(cluster, newAddress(), other)
      t.equal((await cluster.get(link.pathname + link.search)).status, 200)
      t.equal((await cluster.get(link.pathname + link.search)).status, 400, 'once')
      const { email, password } = mine
      t.equal((await cluster.post('/api/auth/login', { email, password })).status, 200)
      expectRefusal(t, await cluster.post('/user/verify-email', { username, email_token: code }), 400)
    },
    { environment: { ...BEHIND_PROXY.environment, EMAIL_VERIFICATION: 'required' } }
  )
})
