/** The life of a process with one replica: configuration, checks, start, and an orderly end by a signal. */
import { readVersion } from '../api/openapi/version.ts'
import { inspectConfig, loadConfig } from '../config/config.ts'
import { onAbort, unlessAborted } from '../lib/abort.ts'
import { PreconditionError } from '../preflight/precondition-error.ts'
import { findingsOf, isFatal, runPreflight } from '../preflight/preflight.ts'
import { createServer } from './app.ts'
import { describeServer } from './banner.ts'
import { describeFatalError } from './fatal-error.ts'
import { type Replica, startReplica } from './replica.ts'
import { StoppedError } from './stopped-error.ts'
import { createTerminalLog } from './terminal-log.ts'

/** Levels at which requests are shown at a terminal. */
const VERBOSE: ReadonlySet<string> = new Set(['debug', 'trace'])

/**
 * Serves until the signal is aborted, and then ends the process: with 0, or with 1 when something failed.
 * @param stop may be aborted at any time, also during the start
 */
export async function serve (environment: Record<string, string | undefined>, stop: AbortSignal): Promise<void> {
  try {
    const { config, findings } = await unlessAborted(prepare(environment), stop)
    const isText = (config.logFormat ?? (process.stdout.isTTY ? 'text' : 'json')) === 'text'
    const print = (text: string) => process.stdout.write(text)
    const app = createServer(config, isText ? createTerminalLog(print, VERBOSE.has(config.logLevel)) : undefined)
    onAbort(stop, () => {
      setTimeout(() => {
        app.log.fatal('the drain took too long: DRAIN_TIMEOUT is over')
        process.exit(1)
      }, config.drain.timeoutMs).unref()
    })
    const replica = await startReplica(config, { app, signal: stop, findings })
    process.on('unhandledRejection', (error) => {
      replica.app.log.fatal({ err: error }, 'unhandled rejection')
      process.exit(1)
    })
    if (isText && config.logLevel !== 'silent')
      print(describeServer({ ...replica.parts, version: readVersion(), url: replica.url, mail: config.mail }))
    else replica.app.log.info(`Confab serves ${replica.url} on ${replica.description}`)
    onAbort(stop, () => void end(replica, stop))
  } catch (error) {
    // Nothing has been served yet that would have to be finished.
    if (stop.aborted) process.exit(0)
    process.stderr.write(`${describeFatalError(error, 'Confab cannot start')}\n`)
    process.exitCode = 1
  }
}

/**
 * Checks everything before anything is made.
 * @throws {PreconditionError} with every problem of the configuration and of what it names
 */
async function prepare (environment: Record<string, string | undefined>) {
  const { config, problems } = inspectConfig(environment)
  const preflight = await runPreflight(config, problems)
  // A database that is away is waited for, unless something else is wrong.
  if (problems.sentences.length > 0 || isFatal(preflight))
    throw new PreconditionError(findingsOf(preflight), problems.sentences)
  // The database is checked again when it is opened, since it may have been away.
  return { config: loadConfig(environment), findings: [...preflight.ports, ...preflight.bus] }
}

async function end (replica: Replica, stop: AbortSignal): Promise<void> {
  const { log } = replica.app
  const reason: unknown = stop.reason
  log.info(`${reason instanceof StoppedError ? reason.signal : 'stop'}: draining`)
  try {
    await replica.close()
    process.exit(0)
  } catch (error) {
    log.fatal({ err: error }, 'the drain failed')
    process.exit(1)
  }
}
