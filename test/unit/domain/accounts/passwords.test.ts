import { hash } from 'argon2'
import { stat } from 'node:fs/promises'
import t from '../../../support/tap.ts'
import { checkNewPassword, createPasswordHasher, OWASP_COST } from '../../../../src/domain/accounts/passwords.ts'

/** The PHC form: algorithm, version, parameters, salt of 16 bytes or more, hash of 32 or more. */
const PHC = /^\$argon2id\$v=19\$([^$]+)\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43,}$/
const PASSWORD = 'Correct-horse-9'
const CURRENT_HASH = '$argon2id$v=19$m=19456,t=2,p=1$salt$hash'
const HASHES = 30

/** A call of the hash function that the test ends. */
type Call = { kind: 'hash' | 'verify', subject: string, end: (result?: Error) => void }

/** A hasher whose hash function only takes notes; the decoy of unknown users has the hash `decoy`. */
async function createRecordingHasher (limits: { concurrency: number, queue: number }, isRight = true) {
  const calls: Call[] = []
  const record = <Result>(kind: Call['kind'], subject: string, result: Result) =>
    new Promise<Result>((resolve, reject) => {
      calls.push({ kind, subject, end: (error) => (error === undefined ? resolve(result) : reject(error)) })
    })
  let isFirst = true
  const algorithm = {
    hash (password: string) {
      if (!isFirst) return record('hash', password, `hash of ${password}`)
      isFirst = false
      return Promise.resolve('decoy')
    },
    verify: (hash: string) => record('verify', hash, isRight)
  }
  return { calls, hasher: await createPasswordHasher({ cost: OWASP_COST, ...limits, algorithm }) }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

t.test('a hash is Argon2id with the parameters that OWASP recommends, and its own salt', async (t) => {
  const hasher = await createPasswordHasher({ cost: OWASP_COST, concurrency: 2, queue: 10 })
  const [one, two] = [await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)]
  for (const hash of [one, two]) t.strictSame(PHC.exec(hash)?.[1]?.split(',').sort(), ['m=19456', 'p=1', 't=2'], hash)
  t.not(one, two)
  t.equal(await hasher.verify(PASSWORD, one), 'right')
  t.equal(await hasher.verify(`${PASSWORD} `, one), 'wrong')
  t.equal(await hasher.verify(PASSWORD, undefined), 'wrong')
})

t.test('a bounded number runs at once, a bounded number waits in line, and more are refused at once', async (t) => {
  const { calls, hasher } = await createRecordingHasher({ concurrency: 2, queue: 3 })
  const accepted = ['a', 'b', 'c', 'd', 'e'].map((password) => hasher.hash(password))
  await t.rejects(hasher.hash('f'), { code: 'overloaded' })
  await t.rejects(hasher.verify('f', 'hash'), { code: 'overloaded' })
  const started = () => calls.map(({ subject }) => subject).join('')
  t.equal(started(), 'ab', 'two run')
  for (const [index, expected] of ['abc', 'abcd', 'abcde', 'abcde', 'abcde'].entries()) {
    calls[index]?.end()
    await settle()
    t.equal(started(), expected, 'one that ends lets in the next in line')
  }
  t.strictSame(
    await Promise.all(accepted),
    ['a', 'b', 'c', 'd', 'e'].map((password) => `hash of ${password}`)
  )
  const later = hasher.hash('g')
  calls[5]?.end()
  t.equal(await later, 'hash of g', 'afterwards there is room again')
})

t.test('a hash that fails gives its place to the next', async (t) => {
  const { calls, hasher } = await createRecordingHasher({ concurrency: 1, queue: 1 })
  const [first, second] = [hasher.hash('a'), hasher.hash('b')]
  calls[0]?.end(new Error('out of memory'))
  await t.rejects(first, /out of memory/)
  await settle()
  calls[1]?.end()
  t.equal(await second, 'hash of b')
})

t.test('an unknown user costs what a known one does, and is never let in', async (t) => {
  const { calls, hasher } = await createRecordingHasher({ concurrency: 1, queue: 1 })
  const known = hasher.verify(PASSWORD, CURRENT_HASH)
  const unknown = hasher.verify(PASSWORD, undefined)
  calls[0]?.end()
  await settle()
  calls[1]?.end()
  t.strictSame([await known, await unknown], ['right', 'wrong'], 'even if the decoy should match')
  t.strictSame(
    calls.map(({ kind, subject }) => [kind, subject]),
    [
      ['verify', CURRENT_HASH],
      ['verify', 'decoy']
    ]
  )
})

t.test('a password is the same in every form in which keyboards write it', async (t) => {
  const hasher = await createPasswordHasher({ cost: { memoryKiB: 64, passes: 1 }, concurrency: 2, queue: 10 })
  for (const [one, other] of [
    ['Z\u00fcrich-9\u00c5', 'Zu\u0308rich-9A\u030a'],
    ['Two words-9', 'Two\u3000words-9'],
    ['Two words-9', 'Two\u00a0words-9'],
    ['\uac00\uac01-Ab9', '\u1100\u1161\u1100\u1161\u11a8-Ab9']
  ] as const) {
    for (const [typed, again] of [[one, other], [other, one]] as const)
      t.equal(await hasher.verify(again, await hasher.hash(typed)), 'right', encodeURI(again))
    t.equal(await hasher.verify(`${other}x`, await hasher.hash(one)), 'wrong')
  }
  t.equal(await hasher.verify('\ufb01ne-Ab9', await hasher.hash('fine-Ab9')), 'wrong', 'a ligature stays one')
})

t.test('a hash of a password as it was typed goes on working, and is outdated', async (t) => {
  const hasher = await createPasswordHasher({ cost: { memoryKiB: 64, passes: 1 }, concurrency: 2, queue: 10 })
  const typed = 'Zu\u0308rich-9A\u030a'
  const old = await hash(typed, { memoryCost: 64, timeCost: 1, parallelism: 1 })
  t.equal(await hasher.verify(typed, old), 'outdated')
  t.equal(await hasher.verify(typed.normalize('NFC'), old), 'wrong', 'the other form works from the first login on')
  t.equal(await hasher.verify(`${typed}x`, old), 'wrong')
})

t.test('an unknown user costs as much as a known one with a password in another form, too', async (t) => {
  const { calls, hasher } = await createRecordingHasher({ concurrency: 1, queue: 1 }, false)
  for (const passwordHash of [CURRENT_HASH, undefined]) {
    calls.splice(0)
    const verifying = hasher.verify('Zu\u0308rich-9', passwordHash)
    for (let call = 0; call < 2; call++) {
      await settle()
      calls[call]?.end()
    }
    t.equal(await verifying, 'wrong')
    t.equal(calls.length, 2)
  }
})

t.test('a password that is too long for anybody costs nothing', async (t) => {
  const { calls, hasher } = await createRecordingHasher({ concurrency: 1, queue: 0 })
  t.equal(await hasher.verify('x'.repeat(257), 'hash'), 'wrong')
  t.equal(await hasher.verify('\u00e9'.repeat(129), undefined), 'wrong')
  t.equal(calls.length, 0)
})

t.test('the event loop and the file system go on while passwords are hashed', async (t) => {
  const hasher = await createPasswordHasher({ cost: OWASP_COST, concurrency: 2, queue: HASHES })
  let [ended, turns] = [0, 0]
  const hashing = Promise.all(Array.from({ length: HASHES }, () => hasher.hash(PASSWORD).finally(() => ended++)))
  await stat(import.meta.dirname)
  t.ok(ended < HASHES, 'a file is looked at before they are all done')
  while (ended < HASHES) {
    turns++
    await settle()
  }
  await hashing
  // Hashes on the event loop would let it turn a few times each.
  t.ok(turns > 10 * HASHES, `${String(turns)} turns`)
})

t.test('a new password has four kinds of characters and a length within bounds', async (t) => {
  const longest = `Aa1-${'x'.repeat(252)}`
  const decomposed = `Aa1-${'u\u0308'.repeat(126)}`
  const letters = ['Aa1 \u20ac234', '\u00c4\u00e41-5678', 'Aa1\u{1f600}5678']
  for (const password of [PASSWORD, 'Aa1-aaaa', decomposed, ...letters, longest])
    t.doesNotThrow(() => checkNewPassword(password), password)
  const weak = [
    '',
    'Aa1-aaa',
    'aaaaaa1-',
    'AAAAAA1-',
    'Aaaaaaa-',
    'Aaaaaaa1',
    'Aaaaaa 1',
    `${longest}x`,
    `${longest.slice(1)}\u20ac`,
    'Aa1-aaaa\0',
    'Aa1-aaaa\ud800'
  ]
  for (const password of weak)
    t.throws(() => checkNewPassword(password), { code: 'weak_password' }, JSON.stringify(password))
})

t.test('a long password needs no mixture, and no rule lets in what everybody tries', async (t) => {
  const rules = ['mixed', 'long'] as const
  for (const password of ['correct horse', 'yourpassword', 'eight888', '\u674e\u5c0f'.repeat(42)]) {
    t.doesNotThrow(() => checkNewPassword(password, 'long'), password)
    t.throws(() => checkNewPassword(password, 'mixed'), { code: 'weak_password' }, password)
  }
  for (const password of ['P@ssw0rd', 'p@sSw0rd', 'P@ssw0rD1']) {
    for (const rule of rules) t.throws(() => checkNewPassword(password, rule), { code: 'weak_password' }, password)
  }
  for (const password of [
    'password',
    '1234567890',
    'QWERTYUIOP',
    'short',
    'zzzzzzzzzzzz',
    '\u{1f600}'.repeat(8),
    'x'.repeat(8) + '\0',
    '\u674e\u5c0f'.repeat(43)
  ]) {
    t.throws(() => checkNewPassword(password, 'long'), { code: 'weak_password' }, encodeURI(password))
  }
})
