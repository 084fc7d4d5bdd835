/** What `confab doctor` says of the keys for pushes. */
import t, { type Test } from '../support/tap.ts'
import { loadVapidKeys, VAPID_PURPOSE } from '../../src/domain/push/vapid.ts'
import { SealedTexts } from '../../src/lib/sealed-texts.ts'
import { createStore, openDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { temporaryFolder, runConfab } from '../support/servers/program.ts'
import { ApnsService, FcmService } from '../support/servers/push-services.ts'

const JWT_SECRET = 'k'.repeat(32)
const VAPID_PRIVATE_KEY = Buffer.alloc(32, 1).toString('base64url')
const APNS = { APNS_KEY_ID: 'ABCDE12345', APNS_TEAM_ID: 'TEAM567890', APNS_TOPIC: 'org.example.chat' }

t.setTimeout(120_000)

/** The lines about pushes, and how it ends. */
async function diagnose (t: Test, environment: Record<string, string>) {
  const { code, stdout } = await runConfab(['doctor'], {
    HOST: '127.0.0.1', PORT: '0', DATA_DIR: await temporaryFolder(t), ...environment
  })
  return { code, lines: stdout.split('\n').filter((line) => / (Web Push|Firebase|Apple): /.test(line)) }
}

await t.test('keys are tried out at their services, and nobody is sent anything', async (t) => {
  const [fcm, apns] = [await FcmService.start(t), await ApnsService.start(t)]
  const environment = {
    VAPID_PRIVATE_KEY,
    ...{ FCM_SERVICE_ACCOUNT: fcm.account, FCM_URL: fcm.url },
    ...{ APNS_KEY: apns.key, APNS_URL: apns.url, ...APNS }
  }
  apns.answers.push({ status: 400, body: '{"reason":"BadDeviceToken"}' })
  t.strictSame(await diagnose(t, environment), {
    code: 0,
    lines: [
      'ok       Web Push: VAPID_PRIVATE_KEY can be used.',
      'ok       Firebase: it accepts the key.',
      'ok       Apple: it accepts the key.'
    ]
  })
  t.strictSame([fcm.pushes, apns.pushes, fcm.faults, apns.faults], [[], [], [], []])

  const refusals = [
    { status: 403, body: '{"reason":"InvalidProviderToken"}', sentence: 'Apple refused the key: InvalidProviderToken' },
    { status: 400, body: '{"reason":"TopicDisallowed"}', sentence: 'Apple refused APNS_TOPIC: TopicDisallowed' }
  ]
  for (const { sentence, ...answer } of refusals) {
    fcm.answers.push({ status: 403, body: '{}' })
    apns.answers.push(answer)
    t.strictSame(await diagnose(t, environment), {
      code: 0,
      lines: [
        'ok       Web Push: VAPID_PRIVATE_KEY can be used.',
        'WARNING  Firebase: no pushes are sent: The service account may not send messages in its project: status 403.',
        `WARNING  Apple: no pushes are sent: ${sentence}.`
      ]
    })
  }
})

await t.test('keys that are none are named, and nothing of them is shown', async (t) => {
  const { code, lines } = await diagnose(t, {
    VAPID_PRIVATE_KEY: Buffer.alloc(32).toString('base64url'),
    FCM_SERVICE_ACCOUNT: '{"private_key":"hidden"}',
    APNS_KEY: '-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----',
    ...APNS
  })
  t.equal(code, 1)
  t.strictSame(lines, [
    'FAILED   Web Push: VAPID_PRIVATE_KEY cannot be used: it is no private key of P-256.',
    'FAILED   Firebase: FCM_SERVICE_ACCOUNT cannot be used: it is no key of a service account of Google.',
    'FAILED   Apple: APNS_KEY cannot be used: it is no private key of P-256 in PEM, as Apple issues them.'
  ])
})

await t.test('the stored key has to be one that can be read', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const { orm } = await openDatabase(t, DATABASE_URL)
  const linesWith = async (secret: string) => (await diagnose(t, { DATABASE_URL, JWT_SECRET: secret })).lines
  t.strictSame(await linesWith(JWT_SECRET), ['ok       Web Push: its key is made at the first start.'])
  await loadVapidKeys(orm, new SealedTexts([JWT_SECRET], VAPID_PURPOSE))
  t.strictSame(await linesWith(JWT_SECRET), ['ok       Web Push: the key in the database can be read.'])
  t.strictSame(await linesWith(`${'n'.repeat(32)},${JWT_SECRET}`), [
    'ok       Web Push: the key in the database can be read.'
  ], 'also by a secret that was replaced')
  t.match(await linesWith('n'.repeat(32)), [/^WARNING {2}Web Push: browsers are sent no pushes: the key in the/])
})
