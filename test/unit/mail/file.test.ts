import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { createFileMailer } from '../../../src/mail/file.ts'
import { MailRefusedError, type Mail } from '../../../src/mail/mailer.ts'
import { openMailer } from '../../../src/mail/open-mailer.ts'

const MAIL: Mail = {
  to: 'ada@example.org',
  subject: 'Your code',
  text: 'Hello,\n\n123456\n',
  html: '<p>"123456"</p>',
  key: 'k1'
}

async function linesOf (file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8')
  t.ok(text.endsWith('\n'), 'the file ends with a whole line')
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
}

t.test('a mail is one line with the five fields, in a folder made for it', async (t) => {
  const file = path.join(t.testdir(), 'made', 'for', 'it', 'outbox.jsonl')
  const mailer = createFileMailer(file, () => new Date('2025-06-27T12:34:56.789Z'))
  await mailer.send(MAIL)
  await mailer.send({ ...MAIL, to: 'bob@example.org' })
  await mailer.close()
  const { subject, text, html } = MAIL
  t.strictSame(await linesOf(file), [
    { at: '2025-06-27T12:34:56.789Z', to: 'ada@example.org', subject, text, html },
    { at: '2025-06-27T12:34:56.789Z', to: 'bob@example.org', subject, text, html }
  ])
})

t.test('the file is for its owner only', async (t) => {
  const file = path.join(t.testdir(), 'data', 'outbox.jsonl')
  await createFileMailer(file).send(MAIL)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await stat(path.dirname(file))).mode & 0o777, 0o700)
})

t.test('lines of several writers to one file never mix', async (t) => {
  const file = path.join(t.testdir(), 'outbox.jsonl')
  const writers = ['a', 'b', 'c'].map((name) => ({ name, mailer: createFileMailer(file) }))
  const filling = 'x'.repeat(20_000)
  await Promise.all(
    writers.flatMap(({ name, mailer }) =>
      Array.from({ length: 40 }, (_, index) =>
        mailer.send({ ...MAIL, subject: `${name}${String(index)}`, text: filling })
      )
    )
  )
  const lines = await linesOf(file)
  const subjects = new Set(
    lines.map((line) => (typeof line === 'object' && line !== null && 'subject' in line ? line.subject : undefined))
  )
  t.equal(lines.length, 120)
  t.equal(subjects.size, 120, 'each mail stands there once')
})

t.test('a field that could break out of its header is refused and nothing is written', async (t) => {
  const file = path.join(t.testdir(), 'outbox.jsonl')
  const mailer = createFileMailer(file)
  const refused: Partial<Mail>[] = [
    { subject: 'Hi\r\nBcc: eve@example.org' },
    { subject: 'Hi\nthere' },
    { subject: 'Hi\0' },
    { to: 'ada@example.org\r\nBcc: eve@example.org' },
    { to: 'ada@example.org, eve@example.org' },
    { to: 'Ada <ada@example.org>' },
    { to: 'ada' },
    { to: '' },
    { to: `${'a'.repeat(400)}@example.org` },
    { key: 'k\r\nX: y' }
  ]
  for (const field of refused)
    await t.rejects(mailer.send({ ...MAIL, ...field }), MailRefusedError, JSON.stringify(field))
  await t.rejects(stat(file), { code: 'ENOENT' })
})

t.test('the settings open a file that says where it is', async (t) => {
  const file = path.join(t.testdir(), 'outbox.jsonl')
  const mailer = openMailer({ transport: 'file', path: file }, 'Confab <noreply@example.org>')
  t.equal(mailer.description, `file ${file}`)
  await mailer.send(MAIL)
  t.equal((await linesOf(file)).length, 1)
  t.throws(() => openMailer({ transport: 'file', path: file }, 'Confab\nBcc: eve@example.org'), ConfigError)
})
