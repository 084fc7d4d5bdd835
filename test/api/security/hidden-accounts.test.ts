import t, { type Test } from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName, type Answer } from '../../support/clients/http.ts'
import { logIn, newRegistration, register, registerPending, verify } from '../../support/data/accounts.ts'
import { confirmationLinkIn, expectSentence, logInEmote, newEmoteRegistration } from '../../support/data/emotechat.ts'
import { fieldsOf } from '../../support/data/json.ts'
import { codeIn, linkIn } from '../../support/data/outbox.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** Less than the time that every answer about a mail takes, by a margin for clocks. */
const SHORTEST_MS = 95

/** What of an answer a client sees that could tell accounts apart. */
const faceOf = ({ status, text, headers }: Answer) => ({
  status,
  text,
  type: headers.get('content-type'),
  names: [...headers.keys()].filter((name) => name !== 'date').sort()
})

function expectAlike (t: Test, answers: Answer[]): void {
  for (const answer of answers) t.strictSame(faceOf(answer), faceOf(answers[0] ?? answer))
}

/** An account of EmoteChat whose owner followed the link. */
async function registerProved (cluster: Cluster) {
  const registration = newEmoteRegistration()
  cluster.secrets.add(registration.password)
  const answer = await cluster.post('/api/auth/register', registration)
  const link = confirmationLinkIn(await cluster.outbox.take(registration.email))
  if ((await cluster.get(link.pathname + link.search)).status !== 200) throw new Error('The link is not good.')
  return { ...registration, answer }
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await registering(t, cluster)
    await verifying(t, cluster)
    await loggingIn(t, cluster)
    await resetting(t, cluster)
  },
  { environment: { HIDE_ACCOUNTS: 'on' } }
)

async function registering (t: Test, cluster: Cluster): Promise<void> {
  await t.test(
    'a registration is answered alike for a free and a taken name or address, and only the mail tells',
    async (t) => {
      const [ann, pending] = [await register(cluster), await registerPending(cluster)]
      const [free, takenName, takenAddress, waiting] = [
        newRegistration(),
        { ...newRegistration(), username: ann.username },
        { ...newRegistration(), email: ann.email },
        { ...newRegistration(), email: pending.email }
      ]
      const answers = []
      for (const registration of [free, takenName, takenAddress, waiting])
        answers.push(await cluster.post('/user/register', registration))
      for (const answer of answers) expectOk(t, answer, 'Verification email sent!')
      expectAlike(t, answers)
      t.ok(codeIn(await cluster.outbox.take(free.email)))
      for (const { email } of [takenName, takenAddress]) {
        const mail = await cluster.outbox.take(email)
        t.match(mail.text, /taken/)
        t.throws(() => codeIn(mail), 'without a code')
      }
      t.ok(await logIn(cluster, ann), 'the owner notices nothing else')
      await verify(cluster, pending)
    }
  )

  await t.test('the same in EmoteChat, which shows no account then', async (t) => {
    const owner = await registerProved(cluster)
    const free = await cluster.post('/api/auth/register', newEmoteRegistration())
    const taken = await cluster.post('/api/auth/register', {
      ...newEmoteRegistration(),
      email: owner.email.toUpperCase()
    })
    expectAlike(t, [owner.answer, free, taken])
    t.strictSame([free.status, fieldsOf(free.body)], [200, ['message']])
    t.ok(await logInEmote(cluster, owner))
  })

  await t.test('what is no name, address or password is refused all the same', async (t) => {
    expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), username: '?' }), 400)
    expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), password: 'weak' }), 400)
    expectSentence(t, await cluster.post('/api/auth/register', { ...newEmoteRegistration(), email: 'nobody' }), 400)
  })
}

async function verifying (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a code is refused alike for pending, active and unknown names, and no sooner', async (t) => {
    const [ann, pending] = [await register(cluster), await registerPending(cluster)]
    const code = codeIn(await cluster.outbox.take(pending.email))
    const wrong = code === '000000' ? '111111' : '000000'
    const answers = []
    for (const username of [pending.username, ann.username, uniqueName('nobody-')]) {
      const before = performance.now()
      answers.push(await cluster.post('/user/verify-email', { username, email_token: wrong }))
      t.ok(performance.now() - before >= SHORTEST_MS)
    }
    for (const answer of answers) expectRefusal(t, answer, 400)
    expectAlike(t, answers)
  })
}

async function loggingIn (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a login is refused alike: unknown, wrong, and right but unverified', async (t) => {
    const [ann, pending] = [await register(cluster), await registerPending(cluster)]
    const wrong = { password: 'Wrong-Pass-1' }
    const attempts = [{ ...ann, ...wrong }, { ...newRegistration(), ...wrong }, { ...pending, ...wrong }, pending]
    const answers = []
    for (const { username, password } of attempts)
      answers.push(await cluster.post('/user/login', { username, password }))
    for (const answer of answers) expectRefusal(t, answer, 400)
    expectAlike(t, answers)

    const emote = newEmoteRegistration()
    await cluster.post('/api/auth/register', emote)
    const others = []
    for (const { email, password } of [...attempts, emote])
      others.push(await cluster.post('/api/auth/login', { email, password }))
    for (const answer of others) expectSentence(t, answer, 400)
    expectAlike(t, others)
  })
}

async function resetting (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a reset is answered alike for known and unknown, no sooner, and mails the known one', async (t) => {
    const [ann, pending] = [await register(cluster), await registerPending(cluster)]
    const answers = []
    for (const username of [ann.username, uniqueName('nobody-'), pending.username, 'no such name ?']) {
      const before = performance.now()
      answers.push(await cluster.post('/user/reset-password-request', { username }))
      t.ok(performance.now() - before >= SHORTEST_MS)
    }
    for (const answer of answers) expectOk(t, answer, 'Password reset email sent!')
    expectAlike(t, answers)
    t.ok(linkIn(await cluster.outbox.take(ann.email)))
    const others = []
    for (const email of [ann.email, `${uniqueName('nobody-')}@example.org`])
      others.push(await cluster.post('/api/password/reset-request', { email }))
    t.strictSame(
      others.map(({ status }) => status),
      [200, 200]
    )
    expectAlike(t, others)
  })
}
