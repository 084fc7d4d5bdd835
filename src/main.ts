/** The process: configuration → replica; SIGTERM and SIGINT end it in order. */
import { ConfigError, loadConfig } from './config.ts'
import { startReplica } from './replica.ts'
import { FolderInUseError } from './store/folder-lock.ts'

/** Errors that are the operator's to mend get one sentence, not a stack. */
function explain (error: unknown): string {
  if (error instanceof ConfigError || error instanceof FolderInUseError) return error.message
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return 'The port is in use: stop whatever listens there, or set another PORT.'
  return `Confab cannot start: ${error instanceof Error ? `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}` : String(error)}`
}

async function main (): Promise<void> {
  const replica = await startReplica(loadConfig(process.env))
  replica.app.log.info(`Confab serves ${replica.url} on ${replica.description}`)

  const stop = (signal: NodeJS.Signals) => {
    replica.app.log.info(`${signal}: draining`)
    replica.close().then(() => process.exit(0), (error: unknown) => {
      replica.app.log.fatal({ err: error }, 'the drain failed')
      process.exit(1)
    })
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.on('unhandledRejection', (error) => {
    replica.app.log.fatal({ err: error }, 'unhandled rejection')
    process.exit(1)
  })
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
})
