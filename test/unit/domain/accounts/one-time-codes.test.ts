import t from '../../../support/tap.ts'
import {
  appUrl, createAppSecret, createRecoveryCodes, isAppCode, normalizeRecoveryCode, RECOVERY_CODES, stepOfCode
} from '../../../../src/domain/accounts/one-time-codes.ts'
import { codeAtStep } from '../../../support/data/one-time-codes.ts'

/** `12345678901234567890` in Base32: the secret of RFC 6238, appendix B. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const MS_PER_S = 1_000
const PERIOD_MS = 30_000

await t.test('codes are those of RFC 6238, the last six digits of its table', async (t) => {
  for (const [seconds, code] of [
    [59, '287082'], [1_111_111_109, '081804'], [1_111_111_111, '050471'], [1_234_567_890, '005924'],
    [2_000_000_000, '279037'], [20_000_000_000, '353130']
  ] as const) t.equal(stepOfCode(SECRET, code, seconds * MS_PER_S), Math.floor(seconds / 30), code)
})

await t.test('a code is good in its time step and in those beside it', async (t) => {
  const secret = createAppSecret()
  t.match(secret, /^[A-Z2-7]{32}$/)
  for (const step of [60_000_000, 60_000_001]) {
    const code = codeAtStep(secret, step)
    for (const [away, good] of [[-2, false], [-1, true], [0, true], [1, true], [2, false]] as const)
      t.equal(stepOfCode(secret, code, (step - away) * PERIOD_MS), good ? step : undefined, `${String(away)} away`)
    t.equal(stepOfCode(secret, code, (step + 2) * PERIOD_MS - 1), step, 'to the last moment')
  }
})

await t.test('a code may be typed in groups; everything else is none of an app', async (t) => {
  t.equal(stepOfCode(SECRET, ' 287 082 ', 59 * MS_PER_S), 1)
  for (const code of ['287082', '287 082']) t.ok(isAppCode(code), code)
  for (const code of ['', '28708', '2870820', '28708x', '٢٨٧٠٨٢', '2m4k-9vxq-7f0t-c3hd']) t.notOk(isAppCode(code), code)
})

await t.test('the address of a secret names the server and the user', async (t) => {
  const url = new URL(appUrl(SECRET, { issuer: 'chat.example.org', username: 'ann.b' }))
  t.equal(url.protocol, 'otpauth:')
  t.match(decodeURIComponent(url.pathname), /chat\.example\.org:ann\.b$/)
  t.strictSame(Object.fromEntries(url.searchParams), {
    issuer: 'chat.example.org', secret: SECRET, algorithm: 'SHA1', digits: '6', period: '30'
  })
})

await t.test('recovery codes differ, and have one form however they are typed', async (t) => {
  const codes = [...createRecoveryCodes(), ...createRecoveryCodes()]
  t.equal(new Set(codes).size, 2 * RECOVERY_CODES)
  for (const code of codes) {
    t.match(code, /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/)
    t.notOk(isAppCode(code))
    for (const typed of [code.toUpperCase(), code.replaceAll('-', ' '), code.replaceAll('1', 'I').replaceAll('0', 'O')])
      t.equal(normalizeRecoveryCode(typed), code.replaceAll('-', ''))
  }
})
