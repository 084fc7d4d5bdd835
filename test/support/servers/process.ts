/** Replicas as processes of their own, which a test can signal and kill. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EnvironmentSchema } from '../../../src/config/environment.ts'
import type { Scope } from '../scope.ts'

const READY_DEADLINE_MS = 60_000
const READY_INTERVAL_MS = 50

/** The repository. */
export const ROOT = process.cwd()

/** The built programs, by names relative to the repository: as they are, or as the bundles of a test run. */
export const PROGRAMS = {
  main: path.join(process.env['TEST_PROGRAMS'] ?? 'dist', 'main.js'),
  cli: path.join(process.env['TEST_PROGRAMS'] ?? 'dist', 'cli.js')
}

/** How a process ended. */
export type Exit = { code: number | null, signal: NodeJS.Signals | null }

/** A server in a process of its own. */
export type ReplicaProcess = {
  readonly url: string
  readonly pid: number
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>
  /** Signals the process that was started, as a supervisor would, and none of its children. */
  kill: (signal: NodeJS.Signals) => void
  /** What it has written so far. */
  stdout: () => string
  stderr: () => string
  /** Resolves when it writes something more to its output. */
  written: () => Promise<unknown>
  hasEnded: () => boolean
}

/** A process that should become a server. */
export type Launch = {
  command: string
  parameters: string[]
  cwd: string
  environment: Record<string, string>
  deadlineMs?: number
  uid?: number
}

/**
 * Runs the built server and waits until it is ready. It is killed with the test.
 * @param options.clockOffsetMs how far its clock is ahead
 */
export async function spawnReplica (
  t: Scope,
  environment: Record<string, string>,
  { clockOffsetMs = 0 } = {}
): Promise<ReplicaProcess> {
  const parameters = [...(clockOffsetMs === 0 ? [] : ['--import', clockModule(clockOffsetMs)]), PROGRAMS.main]
  return launch(t, { command: process.execPath, parameters, cwd: ROOT, environment })
}

/** A module that sets the clock of its process forward, which timers do not go by. */
function clockModule (offsetMs: number): string {
  return moduleOf(`
    const { now } = Date
    globalThis.Date = class extends Date {
      constructor (...parts) { super(...(parts.length > 0 ? parts : [Date.now()])) }
      static now () { return now() + ${String(offsetMs)} }
    }`)
}

/** Starts a server by any command, on a free port, and waits until it is ready. It is killed with the test. */
export async function launch (t: Scope, options: Launch): Promise<ReplicaProcess> {
  const replica = await begin(t, options)
  await ready(replica, options.deadlineMs ?? READY_DEADLINE_MS)
  return replica
}

/**
 * Starts the built server, never its bundle, without waiting for it. It is killed with the test.
 * @param imports modules to load first
 */
export async function beginReplica (
  t: Scope, environment: Record<string, string>, imports: readonly string[] = []
): Promise<ReplicaProcess> {
  const parameters = [...imports.flatMap((each) => ['--import', moduleOf(each)]), 'dist/main.js']
  return begin(t, { command: process.execPath, parameters, cwd: ROOT, environment })
}

/** The URL of a module with this source. */
function moduleOf (source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}

async function begin (t: Scope, { command, parameters, cwd, environment, uid }: Launch): Promise<ReplicaProcess> {
  const port = environment['PORT'] ?? String(await freePort())
  const child = spawn(command, parameters, {
    cwd,
    env: { ...cleanEnvironment(), HOST: '127.0.0.1', ...environment, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
    // A group of its own, so that no child of a launcher that died can be left behind.
    detached: true
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  const exited = exitOf(child)
  t.teardown(async () => {
    killGroup(child)
    await exited
  })
  const replica = {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    exited,
    kill: (signal: NodeJS.Signals) => {
      child.kill(signal)
    },
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    written: () => once(child.stdout, 'data'),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null
  }
  return replica
}

/** A port that was free a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('The socket has no port.')
  return address.port
}

/** The environment of the tests without what configures a server, or an npm that this one runs under. */
export function cleanEnvironment (): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !Object.hasOwn(EnvironmentSchema.properties, name) &&
        !/^(INIT_CWD|NODE_OPTIONS|npm_(?!config_(registry|cache|userconfig)$).*)$/.test(name)
    )
  )
}

function killGroup ({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody of it is left.
  }
}

async function exitOf (child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
}

/** Another process tells nobody when it is ready, so this asks again and again. */
async function ready (replica: ReplicaProcess, deadlineMs: number): Promise<void> {
  const end = Date.now() + deadlineMs
  while (Date.now() < end && !replica.hasEnded()) {
    const response = await fetch(`${replica.url}/readyz`).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok === true) return
    await delay(READY_INTERVAL_MS)
  }
  throw new Error(
    `The server ${replica.hasEnded() ? 'has ended' : 'is not ready'}: ${replica.stdout()}${replica.stderr()}`
  )
}
