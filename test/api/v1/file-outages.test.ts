/** Files while their storage fails. */
import { rm, writeFile } from 'node:fs/promises'
import t from '../../support/tap.ts'
import { announce, sendContent } from '../../support/clients/files.ts'
import { newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { startCluster } from '../../support/servers/cluster.ts'

await t.test('a disk that fails is said to, and used again when it works', async (t) => {
  const cluster = await startCluster(t, { environment: USER_TOKENS, inspectable: true })
  const server = cluster.replica(0)
  const ann = await newUser(cluster)
  const chat = textAt((await ann.call('POST', '/chats', { type: 'group' })).body, 'chat', 'id')
  const { storage } = server.app.config.files
  if (storage.kind !== 'disk') throw new Error('The files are elsewhere.')
  await rm(storage.folder, { recursive: true, force: true })
  await writeFile(storage.folder, 'no folder')
  const { body } = await announce(ann, { chat, bytes: 'x' })
  const failed = await sendContent(at(body, 'upload'), 'x', server)
  t.match([failed.status, await failed.json()], [503, { code: 'storage_unavailable', retryable: true }])
  await rm(storage.folder)
  t.equal((await sendContent(at(body, 'upload'), 'x', server)).status, 204)
})
