import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../../../support/tap.ts'
import { FolderInUseError } from '../../../../src/store/embedded/errors.ts'
import { lockFolder } from '../../../../src/store/embedded/folder-lock.ts'
import { within } from '../../../support/deadline.ts'
import { temporaryFolder } from '../../../support/servers/program.ts'

const DEADLINE_MS = 30_000

t.test('a folder is locked once, and free again afterwards', async (t) => {
  const folder = t.testdir()
  for (let round = 0; round < 3; round++) {
    const unlock = await lockFolder(folder)
    await t.rejects(lockFolder(folder), FolderInUseError)
    await unlock()
  }
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')]
  await Promise.all([mkdir(one), mkdir(two)])
  const unlocks = await Promise.all([lockFolder(one), lockFolder(two)])
  await Promise.all(unlocks.map((unlock) => unlock()))
})

t.test('what a killed process leaves behind is no obstacle', async (t) => {
  // A path that is short enough for a socket.
  const folder = await temporaryFolder(t)
  const socketPath = path.join(folder, 'lock.1')
  await leaveDeadSocket(t, socketPath)
  t.ok((await lstat(socketPath)).isSocket())
  await (
    await lockFolder(folder)
  )()

  await leaveDeadSocket(t, path.join(folder, 'lock.9'))
  const outcomes = await Promise.allSettled([lockFolder(folder), lockFolder(folder), lockFolder(folder)])
  const unlocks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  t.equal(unlocks.length, 1, 'of several that find it one takes the lock')
  await Promise.all(unlocks.map((unlock) => unlock()))

  await writeFile(path.join(folder, 'lock.99'), '')
  await (
    await lockFolder(folder)
  )()
})

t.test('two names of one folder are one lock', async (t) => {
  const folder = t.testdir({ data: {}, alias: t.fixture('symlink', 'data') })
  const unlock = await lockFolder(path.join(folder, 'data'))
  await t.rejects(lockFolder(path.join(folder, 'alias')), FolderInUseError)
  await t.rejects(lockFolder(path.join(folder, 'data', '..', 'data')), FolderInUseError)
  await unlock()
})

/** Has a process listen on a Unix socket and kills it. */
async function leaveDeadSocket (t: Test, socketPath: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['-e', 'require("net").createServer().listen(process.argv[1], () => console.log("listening"))', socketPath],
    { env: {}, stdio: ['ignore', 'pipe', 'inherit'] }
  )
  t.teardown(() => child.kill('SIGKILL'))
  await within(once(child.stdout, 'data'), DEADLINE_MS, 'a process to listen')
  child.kill('SIGKILL')
  await within(once(child, 'exit'), DEADLINE_MS, 'it to end')
}
