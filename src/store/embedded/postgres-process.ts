/** One process of Postgres on a data folder: started, monitored and stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { endOf, type ProcessEnd } from './child-end.ts'
import { CHILD_ENVIRONMENT, commandAs, type Identity } from './identity.ts'

/** Lines of the log that are kept for an error at the start. */
const KEPT_LINES = 20
const READY = 'database system is ready to accept connections'
/** Another server, or a process that it left behind, still uses the folder. */
const BUSY = /^(lock file ".*" already exists|pre-existing shared memory block .* is still in use)/
/** Time after which an orderly stop is aborted, and the next start recovers, in milliseconds. */
const STOP_TIMEOUT_MS = 60_000
/**
 * Waits until this process has ended in any way: then its end of the pipe is closed. SIGINT makes Postgres stop in
 * order without waiting for its clients. Ctrl-C in a terminal reaches neither of the two, as each has a session of its
 * own.
 */
const WATCHDOG = 'read -r _; kill -INT "$1"'

/** A line of the log: e.g. `LOG`, `FATAL`, `PANIC`, and the text. */
export type LogLine = { severity: string, text: string }

/** A process that accepts connections. */
export type PostgresProcess = {
  /** Resolves when it has ended, requested or not. */
  readonly ended: Promise<ProcessEnd>
  /** Stops it in order: it writes its memory to the data folder. Connections are cut. */
  stop: () => Promise<void>
}

/** Postgres ended before it accepted connections. */
export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError'
  /** Whether another server still uses the folder. */
  readonly isBusy: boolean

  constructor ({ code, signal }: ProcessEnd, lines: readonly LogLine[]) {
    const reason = lines.findLast(({ severity }) => severity !== 'LOG' && severity !== 'HINT') ?? lines.at(-1)
    super(`Postgres did not start (${signal ?? `exit ${String(code)}`}): ${reason?.text ?? 'it gave no reason'}`)
    this.isBusy = lines.some(({ text }) => BUSY.test(text))
  }
}

/**
 * Starts Postgres and waits until it accepts connections, which takes longer after a crash.
 * @param options.program path of `postgres`
 * @param options.args its arguments
 * @param onLog receives each line of its log
 * @throws {PostgresStartError} when it ends before that
 */
export async function startPostgresProcess (
  { identity, program, args }: { identity: Identity, program: string, args: readonly string[] },
  onLog: (line: LogLine) => void
): Promise<PostgresProcess> {
  const command = commandAs(identity, program, args)
  const child = spawn(command.file, command.args, {
    ...command.options,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true
  })
  const ended = endOf(child)
  const unwatch = watchOver(child)
  void ended.then(unwatch)
  const lines: LogLine[] = []
  await new Promise<void>((resolve, reject) => {
    readLog(
      child.stderr,
      (line) => {
        lines.push(line)
        if (lines.length > KEPT_LINES) lines.shift()
        onLog(line)
        if (line.text === READY) resolve()
      },
      () => void ended.then((end) => reject(new PostgresStartError(end, lines)))
    )
  })
  return { ended, stop: () => stop(child, ended) }
}

function readLog (stderr: Readable, onLine: (line: LogLine) => void, onEnd: () => void): void {
  createInterface(stderr)
    .on('line', (line) => {
      const [, severity = '', text = line] = /^([A-Z]+): {2}(.*)$/.exec(line) ?? []
      onLine({ severity, text })
    })
    .once('close', onEnd)
}

/** Stops Postgres when this process ends without doing so. @returns a function that ends the watch */
function watchOver ({ pid }: ChildProcess): () => void {
  if (pid === undefined) return () => undefined
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', String(pid)], {
    env: CHILD_ENVIRONMENT,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true
  })
  watchdog.on('error', () => undefined)
  watchdog.stdin.on('error', () => undefined)
  return () => void watchdog.kill('SIGKILL')
}

async function stop (child: ChildProcess, ended: Promise<ProcessEnd>): Promise<void> {
  child.kill('SIGINT')
  const cut = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(cut)
}
