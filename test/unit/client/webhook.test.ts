/** What a backend accepts as a webhook of its server: Standard Webhooks 1.0.0. */
import t from '../../support/tap.ts'
import { type ConfabProblem, signWebhook, verifyWebhook } from '../../../src/client/server/index.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek'

const seconds = () => Math.floor(Date.now() / 1_000)
const body = JSON.stringify({
  type: 'message.created',
  timestamp: '2026-11-28T10:15:04.512Z',
  data: { type: 'message.created', chat: 'order-4711', seq: 1, data: { message: { text: 'Où est mon colis ?' } } }
})

/** A webhook as it comes. */
const request = (
  { secret = SECRET, timestamp = seconds(), sent = body }: { secret?: string, timestamp?: number, sent?: string } = {}
) => ({
  headers: {
    'webhook-id': ID,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook(secret, { id: ID, timestamp, body })
  },
  body: sent
})

await t.test('the example of the specification is signed as it says', async (t) => {
  const example = { id: ID, timestamp: 1614265330, body: '{"test": 2432232314}' }
  t.equal(signWebhook(SECRET, example), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

await t.test('a webhook is accepted with its secret, as text or bytes, with headers of either kind', async (t) => {
  const { headers } = request()
  const webhook = { id: ID, data: { chat: 'order-4711', seq: 1 } }
  for (const here of [headers, new Headers(headers)]) {
    for (const received of [body, Buffer.from(body)])
      t.match(verifyWebhook(SECRET, { headers: here, body: received }), webhook)
  }
})

await t.test('while a secret is replaced either is accepted, on either side', async (t) => {
  const both = request()
  both.headers['webhook-signature'] =
    `v1a,other ${request({ secret: OTHER }).headers['webhook-signature']} ${both.headers['webhook-signature']}`
  for (const secret of [SECRET, OTHER]) t.equal(verifyWebhook(secret, both).id, ID)
  t.equal(verifyWebhook([OTHER, SECRET], request()).id, ID)
})

const { body: same, headers: genuine } = request()
const REFUSED = {
  'that another secret has signed': [request({ secret: OTHER }), 'invalid_signature'],
  'whose body was changed': [request({ sent: body.replace('4711', '4712') }), 'invalid_signature'],
  'whose id was changed': [{ body: same, headers: { ...genuine, 'webhook-id': 'other' } }, 'invalid_signature'],
  'without a signature': [{ body: same, headers: { ...genuine, 'webhook-signature': undefined } }, 'invalid_signature'],
  'of six minutes ago': [request({ timestamp: seconds() - 360 }), 'stale_webhook'],
  'of the future': [request({ timestamp: seconds() + 360 }), 'stale_webhook'],
  'without a time': [request({ timestamp: NaN }), 'stale_webhook']
} as const

await t.test('a webhook is refused', async (t) => {
  for (const [which, [received, code]] of Object.entries(REFUSED))
    t.throws(() => verifyWebhook(SECRET, received), { code } satisfies Partial<ConfabProblem>, which)
  const noEvent = { id: ID, timestamp: seconds(), body: '[]' }
  const headers = { ...request().headers, 'webhook-signature': signWebhook(SECRET, noEvent) }
  t.throws(() => verifyWebhook(SECRET, { headers, body: '[]' }), { code: 'unreadable' }, 'that is no event')
  t.throws(() => verifyWebhook('', request()), { code: 'invalid_input' }, 'with an empty secret')
})
