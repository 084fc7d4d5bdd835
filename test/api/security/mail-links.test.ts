import { once } from 'node:events'
import { request } from 'node:http'
import t from '../../support/tap.ts'
import { register } from '../../support/data/accounts.ts'
import { confirmationLinkIn, newEmoteRegistration } from '../../support/data/emotechat.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { PUBLIC_URL, type Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

/** Posts as a client that says it reached the server under another name. @returns the status */
async function postTo (cluster: Cluster, host: string, path: string, body: object): Promise<number | undefined> {
  const headers = {
    host,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
    forwarded: `host=${host}`,
    'content-type': 'application/json'
  }
  const sent = request(cluster.replica(0).url + path, { method: 'POST', headers })
  sent.end(JSON.stringify(body))
  const status = new Promise<number | undefined>((resolve) =>
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
  )
  await once(sent, 'close')
  return status
}

await onEmbedded(
  t,
  async (t, cluster) => {
    await t.test('the links of mails lead to PUBLIC_URL, whatever name the server was reached under', async (t) => {
      const { username, email } = await register(cluster)
      t.equal(await postTo(cluster, 'evil.example', '/user/reset-password-request', { username }), 200)
      t.equal(linkIn(await cluster.outbox.take(email)).origin, PUBLIC_URL)
      t.equal(await postTo(cluster, 'evil.example', '/api/password/reset-request', { email }), 200)
      t.equal(linkIn(await cluster.outbox.take(email)).origin, PUBLIC_URL)
      const registration = newEmoteRegistration()
      t.equal(await postTo(cluster, 'evil.example', '/api/auth/register', registration), 200)
      t.equal(confirmationLinkIn(await cluster.outbox.take(registration.email)).origin, PUBLIC_URL)
      t.notMatch((await cluster.outbox.all()).map((mail) => mail.text + mail.html).join(''), 'evil')
    })
  },
  { environment: { TRUST_PROXY: '127.0.0.1' } }
)
