/**
 * The process of a replica. Signals are handled first: the rest takes more than a second to load, and the first process
 * of a container is not stopped by a signal that it does not handle. One handler stays for the whole life, so that no
 * signal is lost between two.
 */
import { StoppedError } from './server/stopped-error.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort(new StoppedError(signal)))

const { serve } = await import('./server/serve.ts')
await serve(process.env, stop.signal)
