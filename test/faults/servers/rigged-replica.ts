/**
 * The server with fail points around its bus, for the faults that no signal and no proxy can cause at the right moment.
 * Nothing of this is in the product. Its first parameter names the fault; SIGUSR2 switches it on and off.
 */
import type { Bus } from '../../../src/bus/bus.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { startReplica } from '../../../src/server/replica.ts'
import { anyFate, type Fate, isChatChannel, withFaults } from '../../support/servers/faulty-bus.ts'
import { Random } from '../../support/data/random.ts'

const MAX_DELAY_MS = 300
const LATE_MS = 1_500

/** What happens to the announcement of a message, by the name of the fault. */
const FATES: Record<string, (random: Random) => Fate> = {
  lose: () => [],
  scramble: (random) => anyFate(random, MAX_DELAY_MS),
  delay: () => [LATE_MS],
  // The commit is done, the announcement is not, and nobody has been told anything.
  die: () => {
    process.kill(process.pid, 'SIGKILL')
    return []
  }
}

const [, , fault = '', seed = '0'] = process.argv
const fateOf = FATES[fault]
if (fateOf === undefined) throw new Error(`There is no fault "${fault}".`)
const random = new Random(Number(seed))
let isOn = false
process.on('SIGUSR2', () => { isOn = !isOn })

const replica = await startReplica(loadConfig(process.env), {
  wrapBus: (bus: Bus) => withFaults(bus, (channel) => isOn && isChatChannel(channel) ? fateOf(random) : undefined)
})
process.once('SIGTERM', () => {
  replica.close().then(() => process.exit(0), () => process.exit(1))
})
process.on('unhandledRejection', (error) => {
  replica.app.log.fatal({ err: error }, 'unhandled rejection')
  process.exit(1)
})
