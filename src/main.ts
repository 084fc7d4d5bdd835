/** The process: configuration → replica; SIGTERM and SIGINT stop it in order. */
import { loadConfig } from './config/config.ts'
import { describeFatalError } from './server/fatal-error.ts'
import { startReplica } from './server/replica.ts'

async function main (): Promise<void> {
  const config = loadConfig(process.env)
  // Nothing has been served yet that would have to be finished. As PID 1 of a container the process needs a handler to
  // be stopped at all.
  const stopStarting = () => process.exit(0)
  process.once('SIGTERM', stopStarting)
  process.once('SIGINT', stopStarting)
  const replica = await startReplica(config)
  process.off('SIGTERM', stopStarting)
  process.off('SIGINT', stopStarting)
  replica.app.log.info(`Confab serves ${replica.url} on ${replica.description}`)

  const stop = (signal: NodeJS.Signals) => {
    const { log } = replica.app
    log.info(`${signal}: draining`)
    setTimeout(() => {
      log.fatal('the drain took too long: DRAIN_TIMEOUT is over')
      process.exit(1)
    }, config.drain.timeoutMs).unref()
    replica.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'the drain failed')
        process.exit(1)
      }
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.on('unhandledRejection', (error) => {
    replica.app.log.fatal({ err: error }, 'unhandled rejection')
    process.exit(1)
  })
}

main().catch((error: unknown) => {
  process.stderr.write(`${describeFatalError(error, 'Confab cannot start')}\n`)
  process.exitCode = 1
})
