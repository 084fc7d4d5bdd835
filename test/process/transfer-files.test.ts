/** Contents of files beside an export: written, checked, and brought to another installation. */
import { createHash, randomBytes } from 'node:crypto'
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../support/tap.ts'
import { download, placedAt, sendFile } from '../support/clients/files.ts'
import { type ApiClient, clientOf, newKey } from '../support/data/api-clients.ts'
import { at } from '../support/data/json.ts'
import { pictureWithMetadata } from '../support/data/pictures.ts'
import { confab, type Installation, startInstallation } from '../support/data/transfer.ts'
import { signWithSecret } from '../support/data/user-tokens.ts'
import { runConfab, temporaryFolder } from '../support/servers/program.ts'
import { startS3 } from '../support/servers/s3-server.ts'

t.setTimeout(300_000)

const TEXT = 'Where is my parcel?\n'
const ann = ({ cluster }: Installation): ApiClient => clientOf(cluster, 'ann', signWithSecret({ sub: 'ann' }))

/** The environment of commands beside the server. */
function withFiles ({ cluster, environment }: Installation, more: Record<string, string> = {}) {
  return { environment: { ...environment, DATA_DIR: cluster.replica(0).app.config.dataDir, FILES: 'disk', ...more } }
}

/** What there is to see of a file: what is known of it, its content, and its thumbnail. */
async function see (installation: Installation, file: string): Promise<unknown[]> {
  const { status, body } = await ann(installation).call('GET', `/files/${file}`)
  if (status !== 200) return [status]
  const get = async (field: string) => {
    const url = at(body, field)
    if (typeof url !== 'string') return url
    const isElsewhere = url.includes('X-Amz')
    const { bytes, headers } = await download(isElsewhere ? url : placedAt(installation.cluster.replica(0), url))
    const hash = createHash('sha256').update(bytes).digest('hex')
    return [hash, headers.get('content-type'), headers.get('content-disposition')]
  }
  const known = ['content_type', 'size', 'name', 'message', 'width', 'height'].map((field) => at(body, field))
  return [known, await get('url'), await get('thumbnail_url')]
}

/** An installation with a group of Ann's and files in two messages. */
async function begin (t: Test): Promise<{ origin: Installation, files: string[], unsent: string }> {
  const origin = await startInstallation(t)
  const key = await newKey(origin.cluster, 'chats:write', 'users:write')
  await key.call('PUT', '/users/ann', { name: 'Ann' })
  await key.call('PUT', '/chats/room', { type: 'group', members: [{ user: 'ann', role: 'owner' }] })
  const send = (name: string, bytes: Buffer | string) =>
    sendFile(ann(origin), { chat: 'room', name, bytes }, origin.cluster.replica(0))
  const files = [
    await send('question.txt', TEXT), await send('picture.png', await pictureWithMetadata('png')),
    await send('large.bin', randomBytes(300_000))
  ]
  const [unsent, [text = '', ...others]] = [await send('unsent.txt', TEXT), files]
  for (const attachments of [[{ file: text }], others.map((file) => ({ file }))]) {
    const { status } = await ann(origin).call('POST', '/chats/room/messages', { text: '', attachments })
    t.equal(status, 201)
  }
  return { origin, files, unsent }
}

await t.test('contents go with an export, and are the same in another installation', async (t) => {
  const { origin, files, unsent } = await begin(t)
  const folder = path.join(await temporaryFolder(t), 'contents')
  const command = ['export', '--all', '--files', folder]
  const text = await confab(withFiles(origin), command)
  const names = (await readdir(folder)).sort()
  t.equal(names.length, 5, 'three contents, a thumbnail, and the sums')
  t.ok(files.every((file) => names.includes(file)) && !names.includes(unsent))
  const sums = await readFile(path.join(folder, 'SHA256SUMS'), 'utf8')
  for (const name of names.filter((name) => name !== 'SHA256SUMS')) {
    const hash = createHash('sha256').update(await readFile(path.join(folder, name))).digest('hex')
    t.match(sums, `${hash}  ${name}\n`)
  }

  const copy = await startInstallation(t)
  const printed = await confab(withFiles(copy), ['import', '-', '--files', folder], text)
  t.match(printed, /^Imported 1 chat, 2 messages and 1 user\.\nThe contents of 3 files were brought\.\n$/)
  for (const file of files) t.strictSame(await see(copy, file), await see(origin, file))
  t.ok((await see(copy, files[1] ?? '')).every(Array.isArray), 'the picture has a thumbnail')
  const again = await confab(withFiles(copy), ['import', '-', '--files', folder], text)
  t.match(again, /The contents of 0 files were brought\.\n$/)

  const { code, stderr } = await runConfab(command, withFiles(origin).environment)
  t.strictSame([code, /of 0 files were written, of 3 files they were there/.test(stderr)], [0, true], stderr)
})

await t.test('an interrupted export goes on, and what was changed is left out of an import', async (t) => {
  const { origin, files: [first = '', second = '', third = ''] } = await begin(t)
  const folder = path.join(await temporaryFolder(t), 'contents')
  const run = async () => confab(withFiles(origin), ['export', '--chat', 'room', '--files', folder])
  await run()
  // As a process leaves it that ended over the first one.
  await rm(path.join(folder, first))
  await writeFile(path.join(folder, `${first}.partial`), 'Whe')
  await appendFile(path.join(folder, 'SHA256SUMS'), 'c0ffee')
  const text = await run()
  t.notOk((await readdir(folder)).includes(`${first}.partial`))
  t.equal(await readFile(path.join(folder, first), 'utf8'), TEXT)

  await writeFile(path.join(folder, second), 'something else')
  await rm(path.join(folder, third))
  const copy = await startInstallation(t)
  t.match(await confab(withFiles(copy), ['import', '-'], text), /Messages name 3 files: run it again with --files/)
  t.strictSame(await see(copy, first), [404])
  const command = ['import', '-', '--files', folder]
  const { code, stdout, stderr } = await runConfab(command, withFiles(copy).environment, text)
  t.equal(code, 1)
  t.match(stdout, /The contents of 1 file were brought; those of 1 file are not in the folder\.\n$/)
  t.match(stderr, `The content of ${second} is not the one that was exported: it was left out.`)
  t.strictSame(await see(copy, first), await see(origin, first))
  t.strictSame([await see(copy, second), await see(copy, third)], [[404], [404]])
  await rm(folder, { recursive: true })
  t.match(await runConfab(command, withFiles(copy).environment, text), { code: 1, stderr: /has no SHA256SUMS/ })
  const off = { ...withFiles(copy).environment, FILES: 'off' }
  t.match(await runConfab(command, off, text), { code: 1, stderr: /Files are off here/ })
})

await t.test('contents go to a bucket, and from it', async (t) => {
  const { origin, files } = await begin(t)
  const [folder, back] = [await temporaryFolder(t), await temporaryFolder(t)]
  const text = await confab(withFiles(origin), ['export', '--all', '--files', folder])
  const s3 = await startS3(t)
  const copy = await startInstallation(t, s3.environment)
  const environment = withFiles(copy, s3.environment)
  await confab(environment, ['import', '-', '--files', folder], text)
  t.strictSame(s3.refused, [])
  for (const file of files) t.strictSame((await see(copy, file)).slice(0, 2), (await see(origin, file)).slice(0, 2))
  await confab(environment, ['export', '--all', '--files', back])
  for (const name of (await readdir(folder)).filter((name) => name !== 'SHA256SUMS'))
    t.strictSame(await readFile(path.join(back, name)), await readFile(path.join(folder, name)), name)
  s3.fault = 'fails'
  const failed = await runConfab(['export', '--all', '--files', await temporaryFolder(t)], environment.environment)
  t.match(failed, { code: 1, stderr: /was answered 503 \(SlowDown\)\. Run it again to go on\./ })
})
