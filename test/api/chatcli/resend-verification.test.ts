import t from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newRegistration, register } from '../../support/data/accounts.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const SENT = 'Verification email sent!'

await onOneDeployment(t, async (t, cluster) => {
  const resend = (username: string, replica = 0) =>
    cluster.post('/user/resend-verification', { username }, { replica })
  const prove = (username: string, code: string) =>
    cluster.post('/user/verify-email', { username, email_token: code })

  await t.test('another code replaces the last one and has tries of its own', async (t) => {
    const registration = newRegistration()
    const { username, email } = registration
    expectOk(t, await cluster.post('/user/register', registration), 'Verification email sent!')
    const first = codeIn(await cluster.outbox.take(email))
    for (let count = 0; count < 5; count++) expectRefusal(t, await prove(username, 'xxxxxx'), 400)
    expectRefusal(t, await prove(username, first), 400, 'its tries are used up')
    expectOk(t, await resend(username.toUpperCase()), SENT)
    const second = codeIn(await cluster.outbox.take(email))
    if (first !== second) expectRefusal(t, await prove(username, first), 400)
    expectOk(t, await prove(username, second), 'Email verified!')
  })

  await t.test('nothing is mailed to an account that waits for no code, and the answer does not tell', async (t) => {
    const { username, email } = await register(cluster)
    expectOk(t, await resend(username), SENT)
    expectOk(t, await resend(uniqueName('nobody-')), SENT)
    // A mail that is queued later comes later: then the others would be here.
    expectOk(t, await cluster.post('/user/reset-password-request', { username }), 'Password reset email sent!')
    t.match((await cluster.outbox.take(email)).subject, /Reset/)
  })
})

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('a name is mailed one code a minute, that of its registration included', async (t) => {
      const registration = newRegistration()
      const { username } = registration
      const ask = (name: string, replica: number) =>
        cluster.post('/user/resend-verification', { username: name }, { replica })
      expectOk(t, await cluster.post('/user/register', registration), SENT)
      const unknown = uniqueName('nobody-')
      expectOk(t, await ask(unknown, 0), SENT)
      const last = cluster.replicas.length - 1
      for (const [name, replica] of [[username.toUpperCase(), last], [unknown, last]] as const) {
        const refusal = await ask(name, replica)
        expectRefusal(t, refusal, 429, name)
        const retryAfter = Number(refusal.headers.get('retry-after'))
        t.ok(retryAfter >= 1 && retryAfter <= 60)
      }
    })
  },
  { environment: { RATE_LIMITS: 'on' } }
)
