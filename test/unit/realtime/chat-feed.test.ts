import fc from 'fast-check'
import t from '../../support/tap.ts'
import { FeedModel } from '../../support/data/feed-model.ts'
import { seedOf } from '../../support/data/random.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const USERS = 3
const RUNS = Number(process.env['CONFAB_FEED_RUNS'] ?? 1_500)
/** So that what is held behind a gap grows over its bound, of a mebibyte, every few dozen messages. */
const LONG = 60_000

type Command = (model: FeedModel) => Promise<void> | void

/** A command that is shown by its name and numbers when a run fails. */
function command (
  name: string,
  act: (model: FeedModel, a: number, b: number) => Promise<void> | void
): fc.Arbitrary<Command> {
  return fc.tuple(fc.nat(99), fc.nat(99)).map(([a, b]) => {
    const run: Command = (model) => act(model, a, b)
    return Object.assign(run, { [fc.toStringMethod]: () => `${name}(${String(a)}, ${String(b)})` })
  })
}

/** One of the newest messages, as a rule. */
const near = (model: FeedModel, back: number) => Math.max(1, model.head - (back % 12))

const commands = {
  commit: command('commit', (model, count) => model.commit(1 + (count % 5))),
  post: command('post', (model, count) => {
    const first = model.head + 1
    model.commit(1 + (count % 4))
    model.announce(first, model.head)
  }),
  announce: command('announce', (model, back, length) =>
    model.announce(near(model, back), Math.min(model.head, near(model, back) + (length % 6)))
  ),
  announceTwice: command('announceTwice', (model, back) => {
    model.announce(near(model, back), model.head)
    model.announce(near(model, back), model.head)
  }),
  erase: command('erase', (model, back) => model.erase(near(model, back))),
  hint: command('hint', (model, back) => model.hint(near(model, back))),
  bogusHint: command('bogusHint', (model, beyond) => model.hint(model.head + 1 + beyond)),
  sweep: command('sweep', (model) => model.sweep()),
  sweepLate: command('sweepLate', (model, back) => model.sweepLate(Math.max(0, model.head - (back % 6)))),
  join: command('join', (model, user) => model.join(user % USERS)),
  resume: command('resume', (model, user, after) => model.join(user % USERS, after % (model.head + 2))),
  leave: command('leave', (model, index) => {
    const reader = model.readers[index % Math.max(1, model.readers.length)]
    if (reader !== undefined) model.leave(reader)
  }),
  remove: command('remove', (model, user, isAnnounced) => {
    model.remove(user % USERS)
    if (isAnnounced % 2 === 0) model.announceMembers()
  }),
  bringBack: command('bringBack', (model, user, isAnnounced) => {
    model.bringBack(user % USERS)
    if (isAnnounced % 2 === 0) model.announceMembers()
  }),
  removeByEvent: command('removeByEvent', (model, user, isAnnounced) => {
    model.removeByEvent(user % USERS)
    if (isAnnounced % 2 === 0) model.announce(model.head, model.head)
  }),
  bringBackByEvent: command('bringBackByEvent', (model, user, isAnnounced) => {
    model.bringBackByEvent(user % USERS)
    if (isAnnounced % 2 === 0) model.announce(model.head, model.head)
  }),
  comeBack: command('comeBack', async (model, user, ms) => {
    model.remove(user % USERS)
    model.announceMembers()
    await model.pause(ms)
    model.bringBack(user % USERS)
    model.join(user % USERS)
  }),
  announceMembers: command('announceMembers', (model) => model.announceMembers()),
  bogusMembers: command('bogusMembers', (model, beyond) => model.announceMembers(Number.MAX_SAFE_INTEGER - beyond)),
  fail: command('fail', (model) => model.setFailing(true)),
  heal: command('heal', (model) => model.setFailing(false)),
  pause: command('pause', (model, ms) => model.pause(ms))
}
const {
  commit,
  post,
  announce,
  announceTwice,
  erase,
  hint,
  bogusHint,
  sweep,
  sweepLate,
  join,
  resume,
  leave,
  remove,
  bringBack,
  removeByEvent,
  bringBackByEvent,
  comeBack,
  announceMembers,
  bogusMembers,
  fail,
  heal,
  pause
} = commands

const delivery = [
  { arbitrary: post, weight: 6 },
  { arbitrary: commit, weight: 3 },
  { arbitrary: announce, weight: 5 },
  { arbitrary: announceTwice, weight: 1 },
  { arbitrary: erase, weight: 3 },
  { arbitrary: hint, weight: 1 },
  { arbitrary: bogusHint, weight: 1 },
  { arbitrary: sweep, weight: 1 },
  { arbitrary: sweepLate, weight: 1 },
  { arbitrary: join, weight: 2 },
  { arbitrary: resume, weight: 3 },
  { arbitrary: leave, weight: 1 },
  { arbitrary: pause, weight: 6 }
]
const membership = [
  { arbitrary: remove, weight: 1 },
  { arbitrary: bringBack, weight: 1 },
  { arbitrary: comeBack, weight: 3 },
  { arbitrary: announceMembers, weight: 1 },
  { arbitrary: bogusMembers, weight: 1 }
]
const eventful = [
  { arbitrary: removeByEvent, weight: 2 },
  { arbitrary: bringBackByEvent, weight: 3 }
]
const failures = [
  { arbitrary: fail, weight: 1 },
  { arbitrary: heal, weight: 2 }
]

/** Runs any sequence of these commands and finds nothing to complain about. */
async function hold (
  choices: fc.WeightedArbitrary<Command>[],
  options: { seed: number, numRuns: number, padding?: number }
): Promise<void> {
  const { seed, numRuns, padding = 0 } = options
  const sequences = fc.array(fc.oneof(...choices), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(sequences, fc.nat(), async (sequence, latencies) => {
      const complaints = await VirtualTime.during(async (time) => {
        const model = new FeedModel(time, { users: USERS, seed: latencies, padding })
        for (const act of sequence) await act(model)
        await model.settle()
        return model.complaints
      })
      if (complaints.length > 0) throw new Error(complaints.join('\n'))
    }),
    { seed, numRuns }
  )
}

t.setTimeout(120_000)

t.test(
  'whatever is announced, lost, doubled or out of order, every subscriber gets every seq once, one after the other',
  async (t) => {
    await hold(delivery, { seed: seedOf(t), numRuns: RUNS })
  }
)

t.test('the same while the store fails now and then', async (t) => {
  await hold([...delivery, ...failures], { seed: seedOf(t), numRuns: RUNS })
})

t.test(
  'nobody gets anything from above a removal, or from the time away, and nobody else misses anything',
  async (t) => {
    await hold([...delivery, ...membership], { seed: seedOf(t), numRuns: RUNS })
  }
)

t.test('the same where removals and returns are events, without reading the members', async (t) => {
  await hold([...delivery, ...eventful], { seed: seedOf(t), numRuns: RUNS })
})

t.test('and where some are events and some are not', async (t) => {
  await hold([...delivery, ...eventful, ...membership, ...failures], { seed: seedOf(t), numRuns: RUNS })
})

t.test('nor do removals and returns go wrong while the store fails now and then', async (t) => {
  await hold([...delivery, ...membership, ...failures], { seed: seedOf(t), numRuns: RUNS })
})

t.test('what does not fit behind a gap is read from the store', async (t) => {
  await hold(delivery, { seed: seedOf(t), numRuns: RUNS / 50, padding: LONG })
})
