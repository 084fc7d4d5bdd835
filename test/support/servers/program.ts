/** The built server as a process that is expected to end by itself. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { readCommandLine, runCommand } from '../../../src/admin/command-line.ts'
import { describeFatalError } from '../../../src/server/fatal-error.ts'
import type { Scope } from '../scope.ts'
import { PROGRAMS, ROOT } from './process.ts'

const DEADLINE_MS = 60_000
const RETRIES = 20
const RETRY_MS = 100

/** What a process left behind; the code is undefined when it had to be killed. */
export type Ended = { code: number | undefined, stdout: string, stderr: string }

/** Starts the server with this environment and nothing else in it, and waits for its end. */
export async function runToEnd (environment: Record<string, string>): Promise<Ended> {
  return run([PROGRAMS.main], { HOST: '127.0.0.1', PORT: '0', ...environment })
}

/** Runs an operator's command as the program does, but in this process: to start one takes longer than the command. */
export async function runConfab (
  parameters: string[],
  environment: Record<string, string>,
  input = ''
): Promise<Ended> {
  const request = readCommandLine(parameters)
  if (request.kind === 'server') throw new Error(`${request.words} does not end by itself.`)
  let [stdout, stderr] = ['', '']
  const code = await runCommand(request, {
    environment,
    input: Readable.from([input]),
    print: (text) => { stdout += text },
    write: async (text) => { stdout += text },
    printError: (text) => { stderr += text },
    describeError: (error) => describeFatalError(error, 'confab failed')
  })
  return { code, stdout, stderr }
}

/** The same in a process of its own, with this environment and nothing else in it. */
export async function spawnConfab (
  parameters: string[],
  environment: Record<string, string>,
  input = ''
): Promise<Ended> {
  return run([PROGRAMS.cli, ...parameters], environment, input)
}

async function run (parameters: string[], environment: Record<string, string>, input = ''): Promise<Ended> {
  const { PATH } = process.env
  const child = spawn(process.execPath, parameters, {
    cwd: ROOT,
    env: { ...(PATH !== undefined && { PATH }), ...environment },
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL'
  })
  child.stdin.on('error', () => undefined).end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { code: child.exitCode ?? undefined, stdout, stderr }
}

/** An empty folder with a short path, gone with the test. */
export async function temporaryFolder (t: Scope): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-test-'))
  // A server that was killed leaves a Postgres that ends by itself a moment later.
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: RETRIES, retryDelay: RETRY_MS }))
  return folder
}
