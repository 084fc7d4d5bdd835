import t from '../../support/tap.ts'
import { Lifecycle, STOP_PHASES, type PhaseLimits, type StopPhase } from '../../../src/server/lifecycle.ts'

const LIMIT_MS = 20

function createLifecycle () {
  const warnings: object[] = []
  const limits: PhaseLimits = {
    leaving: 60_000, draining: 60_000, closing: LIMIT_MS, flushing: 60_000, releasing: 60_000
  }
  const log = { info: () => undefined, warn: (details: object) => { warnings.push(details) } }
  return { lifecycle: new Lifecycle(limits, log), warnings }
}

t.test('the phases of the end follow each other, and within one what was opened last is ended first', async (t) => {
  const { lifecycle, warnings } = createLifecycle()
  const ended: string[] = []
  for (const phase of [...STOP_PHASES].reverse()) {
    for (const name of ['first', 'second']) {
      lifecycle.onStop(phase, async () => {
        await Promise.resolve()
        ended.push(`${lifecycle.phase} ${phase} ${name}`)
      })
    }
  }
  t.strictSame([lifecycle.phase, lifecycle.isStopping, lifecycle.admitsSockets], ['starting', false, true])
  lifecycle.serve()
  t.strictSame([lifecycle.phase, lifecycle.isStopping, lifecycle.admitsSockets], ['serving', false, true])
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  t.strictSame(ended, STOP_PHASES.flatMap((phase) => [`${phase} ${phase} second`, `${phase} ${phase} first`]))
  t.strictSame(warnings, [])
})

t.test('readiness fails at once, and sockets are let in only until load balancers have noticed', async (t) => {
  const { lifecycle } = createLifecycle()
  const seen: [StopPhase, boolean, boolean][] = []
  for (const phase of STOP_PHASES) {
    lifecycle.onStop(phase, () => { seen.push([phase, lifecycle.isStopping, lifecycle.admitsSockets]) })
  }
  lifecycle.serve()
  await lifecycle.stop()
  t.strictSame(seen, STOP_PHASES.map((phase) => [phase, true, phase === 'leaving']))
})

t.test('a phase that hangs is left at its limit, and the phases behind it have their turn', async (t) => {
  const { lifecycle, warnings } = createLifecycle()
  let isReleased = false
  lifecycle.onStop('closing', () => new Promise<void>(() => undefined))
  lifecycle.onStop('releasing', () => { isReleased = true })
  await t.rejects(lifecycle.stop(), { message: 'The phase "closing" took longer than 20 ms.' })
  t.ok(isReleased)
  t.strictSame(warnings, [{ phase: 'closing', limitMs: LIMIT_MS }])
})

t.test('a step that fails keeps no other from its turn, and is reported in the end', async (t) => {
  const { lifecycle } = createLifecycle()
  const ended: string[] = []
  lifecycle.onStop('flushing', () => { ended.push('before') })
  lifecycle.onStop('flushing', () => { throw new Error('broken') })
  lifecycle.onStop('releasing', async () => { ended.push('behind') })
  await t.rejects(lifecycle.stop(), { message: 'broken' })
  t.strictSame(ended, ['before', 'behind'])
})
