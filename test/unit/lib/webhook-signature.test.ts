/** What the server signs is what receivers verify: those of the specification, and our own. */
import { Webhook } from 'standardwebhooks'
import t from '../../support/tap.ts'
import { verifyWebhook } from '../../../src/client/server/index.ts'
import { SealedTexts } from '../../../src/lib/sealed-texts.ts'
import { createWebhookSecret, webhookHeaders } from '../../../src/lib/webhook-signature.ts'

const body = JSON.stringify({ type: 'message.created', timestamp: '2026-11-28T10:15:04.512Z', data: { text: 'Où?' } })

await t.test('every secret verifies by itself', async (t) => {
  const [present, previous, other] = [createWebhookSecret(), createWebhookSecret(), createWebhookSecret()]
  t.match(present, /^whsec_[\w+/]{32}$/)
  const headers = webhookHeaders([present, previous], { id: 'msg_1', body })
  for (const secret of [present, previous]) {
    t.match(new Webhook(secret).verify(body, headers), { type: 'message.created' })
    t.match(verifyWebhook(secret, { headers, body }), { id: 'msg_1' })
  }
  t.throws(() => new Webhook(other).verify(body, headers))
  t.throws(() => verifyWebhook(other, { headers, body }))
  t.throws(() => new Webhook(present).verify(`${body} `, headers))
})

await t.test('the example of the specification is signed as it says', async (t) => {
  const headers = webhookHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', at: new Date(1_614_265_330_999)
  })
  t.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  t.equal(headers['webhook-timestamp'], '1614265330')
})

await t.test('an encrypted text is read by any of the keys, in its place alone', async (t) => {
  const [older, both, newer] = [['one'], ['two', 'one'], ['two']].map((keys) => new SealedTexts(keys, 'a test'))
  const sealed = older?.seal('the secret', 'here') ?? ''
  t.notMatch(sealed, /secret/)
  t.not(older?.seal('the secret', 'here'), sealed, 'never the same twice')
  t.strictSame(older?.open(sealed, 'here'), { text: 'the secret', isCurrent: true })
  t.strictSame(both?.open(sealed, 'here'), { text: 'the secret', isCurrent: false })
  t.equal(newer?.open(sealed, 'here'), undefined)
  t.equal(both?.open(sealed, 'there'), undefined)
  t.equal(new SealedTexts(['one'], 'another').open(sealed, 'here'), undefined)
  for (const broken of ['', 'x', sealed.slice(0, 20), `${sealed.slice(0, -4)}AAAA`])
    t.equal(both?.open(broken, 'here'), undefined)
})
