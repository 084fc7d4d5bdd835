/** The built server as a process that is expected to end by itself. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Scope } from '../scope.ts'
import { at, textAt } from '../data/json.ts'
import { ROOT } from './process.ts'

const DEADLINE_MS = 60_000
const RETRIES = 20
const RETRY_MS = 100
const run = promisify(execFile)

/** What a process left behind; the code is undefined when it had to be killed. */
export type Ended = { code: number | undefined, stdout: string, stderr: string }

/** Builds the server unless there is one. */
export async function ensureBuilt (): Promise<void> {
  if (!existsSync(path.join(ROOT, 'dist', 'main.js'))) await run('npm', ['run', 'build', '--silent'], { cwd: ROOT })
}

/** Starts the server with this environment and nothing else in it, and waits for its end. */
export async function runToEnd (environment: Record<string, string>): Promise<Ended> {
  const { PATH } = process.env
  try {
    const env = { ...(PATH !== undefined && { PATH }), HOST: '127.0.0.1', PORT: '0', ...environment }
    return {
      code: 0,
      ...(await run(process.execPath, ['dist/main.js'], {
        cwd: ROOT,
        env,
        timeout: DEADLINE_MS,
        killSignal: 'SIGKILL'
      }))
    }
  } catch (error) {
    const code = at(error, 'code')
    return {
      code: typeof code === 'number' ? code : undefined,
      stdout: textAt(error, 'stdout'),
      stderr: textAt(error, 'stderr')
    }
  }
}

/** Runs an operator's command with this environment and nothing else in it. */
export async function runConfab (
  parameters: string[],
  environment: Record<string, string>,
  input = ''
): Promise<Ended> {
  const { PATH } = process.env
  // Without what the test runner puts into each program that a test starts: it takes longer to load than the command.
  const child = spawn('/usr/bin/env', ['-u', 'NODE_OPTIONS', process.execPath, 'dist/cli.js', ...parameters], {
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
