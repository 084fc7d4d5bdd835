/** The command line of the fault suite. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { catalogue } from './faults/catalogue.ts'
import type { Fault } from './fault.ts'
import { isSafeguard, SAFEGUARDS, type SafeguardName } from './safeguards.ts'

const SEED_RANGE = 2 ** 31

/** What is asked for. */
export type Options = {
  readonly faults: readonly Fault[]
  /** How long the faults are repeated; each happens once without it. */
  readonly minutes: number | undefined
  readonly seed: number
  /** The safeguard that is switched off. */
  readonly without: SafeguardName | undefined
  /** The commit whose build stands for the previous release. */
  readonly previous: string | undefined
}

const USAGE = `npm run test:faults -- [--short] [--minutes N] [--seed S] [--only F1,F7.restart] [--previous COMMIT]
  [--without ${Object.keys(SAFEGUARDS).join('|')}]
--short: ${catalogue
  .filter(({ isShort }) => isShort)
  .map(({ id }) => id)
  .join(' ')}
faults: ${catalogue.map(({ id }) => id).join(' ')}`

/** Reads the arguments. @throws with the usage for anything it does not know */
export function readOptions (argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      short: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      previous: { type: 'string' },
      without: { type: 'string' }
    }
  })
  const without = values.without
  if (without !== undefined && !isSafeguard(without)) throw new Error(`no safeguard is called ${without}\n${USAGE}`)
  const only = values.only?.split(',') ?? (without === undefined ? undefined : [...SAFEGUARDS[without].revealedBy])
  return {
    faults: only === undefined ? catalogue.filter(({ isShort }) => !values.short || isShort) : choose(only),
    minutes: values.minutes === undefined ? undefined : positive('minutes', values.minutes),
    seed: values.seed === undefined ? randomInt(SEED_RANGE) : positive('seed', values.seed),
    without,
    previous: values.previous
  }
}

function choose (wanted: string[]): Fault[] {
  const isWanted = ({ id }: Fault, wish: string) => id === wish || id.startsWith(`${wish}.`)
  const unknown = wanted.find((wish) => !catalogue.some((fault) => isWanted(fault, wish)))
  if (unknown !== undefined) throw new Error(`no fault is called ${unknown}\n${USAGE}`)
  return catalogue.filter((fault) => wanted.some((wish) => isWanted(fault, wish)))
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a number above 0\n${USAGE}`)
  return value
}
