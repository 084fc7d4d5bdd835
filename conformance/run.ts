/** Runs checks, some at a time, and reports each as a line of TAP. */
import type { Check, Subject } from './check.ts'
import { Disappointment } from './expectations.ts'
import type { World } from './world.ts'

/** Checks that run at the same time: each has users and chats of its own. */
const CONCURRENCY = 4

/** What came out. */
export type Outcome = { passed: number, failed: number, skipped: number }

/** How to run. */
export type RunOptions = {
  /** Only subjects and titles that contain one of these words; all without them. */
  words: readonly string[]
  /** Whether users can get tokens. */
  hasTokens: boolean
  /** Takes a line of the report. */
  write: (line: string) => void
}

type Result = 'passed' | 'skipped' | { fault: unknown }

/** Runs what is asked for, reports it in the order of the subjects, and removes what it made. */
export async function runChecks (
  world: World, subjects: readonly Subject[], { words, hasTokens, write }: RunOptions
): Promise<Outcome> {
  const outcome = { passed: 0, failed: 0, skipped: 0 }
  let number = 0
  const report = (title: string, result: Result) => {
    number++
    if (result === 'passed') outcome.passed++
    else if (result === 'skipped') outcome.skipped++
    else outcome.failed++
    const sign = typeof result === 'object' ? 'not ok' : 'ok'
    const reason = result === 'skipped' ? ' # SKIP it takes USER_TOKEN_SECRET' : ''
    write(`${sign} ${String(number)} - ${title}${reason}`)
    if (typeof result === 'object') for (const line of describe(result.fault).split('\n')) write(`# ${line}`)
  }
  const wanted = subjects
    .flatMap(({ name, checks }) => checks.map((check) => ({ ...check, title: `${name}: ${check.title}` })))
    .filter(({ title }) => isWanted(title, words))
  write('TAP version 14')
  const results = startInTurn(wanted, (check) => perform(check, world, hasTokens))
  for (const [index, { title }] of wanted.entries()) report(title, await results(index))
  report('Afterwards: nothing is left of this run', await perform({ run: () => world.clear() }, world, hasTokens))
  write(`1..${String(number)}`)
  return outcome
}

async function perform (
  { needsToken, run }: Omit<Check, 'title'>, world: World, hasTokens: boolean
): Promise<Result> {
  if (needsToken === true && !hasTokens) return 'skipped'
  return run(world).then(() => 'passed', (fault: unknown) => ({ fault }))
}

/** Starts something for each item, not all at once. @returns the outcome for the item with that index */
function startInTurn<Item, Value> (
  items: readonly Item[], start: (item: Item) => Promise<Value>
): (index: number) => Promise<Value> {
  const started: Promise<Value>[] = []
  const settled: Promise<unknown>[] = []
  for (const [index, item] of items.entries()) {
    const place = settled[index - CONCURRENCY] ?? Promise.resolve()
    const value = place.then(() => start(item))
    started.push(value)
    settled.push(value.catch(() => undefined))
  }
  return async (index) => {
    const value = started[index]
    if (value === undefined) throw new Error('There is no such item.')
    return value
  }
}

function isWanted (title: string, words: readonly string[]): boolean {
  return words.length === 0 || words.some((word) => title.toLowerCase().includes(word.toLowerCase()))
}

function describe (error: unknown): string {
  if (error instanceof Disappointment) return error.message
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.stack ?? error.message
}
