/** What every bus owes its replicas while it is up; see the guarantee in `src/bus/bus.ts`. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import type { Bus, EchoTest } from '../../../src/bus/bus.ts'
import { within } from '../../support/deadline.ts'

const DEADLINE_MS = 30_000
const SUBSCRIPTIONS = 50
const PAYLOADS = 1_000

const ECHO = 'an echo: '

/** What the buses of the suite must be told not to hear. */
export const isEcho: EchoTest = (payload) => payload.toString('latin1', 0, ECHO.length) === ECHO

/**
 * Opens the buses of so many replicas of one cluster, all of them up; they are closed with the test. Each call opens
 * another cluster, on the same medium if the medium is not the cluster's own.
 */
export type OpenCluster = (t: Test, replicas: number) => Promise<[Bus, ...Bus[]]>

/** A handler that remembers what it was called with. */
export class Ear {
  readonly heard: Buffer[] = []
  #wake: () => void = () => undefined

  readonly handler = (payload: Buffer): void => {
    this.heard.push(payload)
    this.#wake()
  }

  /** What was heard, as text. */
  get words (): string[] {
    return this.heard.map((payload) => payload.toString())
  }

  /** Waits until it has heard a word. */
  async hears (word: string): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.words.at(-1) === word) resolve()
      }
      if (this.words.includes(word)) resolve()
    })
    await within(heard, DEADLINE_MS, `"${word}" on a channel`)
  }
}

/** Runs the suite on the buses that a factory opens. */
export async function testBus (t: Test, open: OpenCluster): Promise<void> {
  await testPayloads(t, open)
  await testSubscriptions(t, open)
  await testReach(t, open)

  await t.test('an open bus is up and says what it runs on', async (t) => {
    const [bus] = await open(t, 1)
    t.equal(bus.isUp, true)
    t.not(bus.description, '')
  })

  await t.test('a closed bus takes calls and delivers nothing', async (t) => {
    const [bus] = await open(t, 1)
    const ear = new Ear()
    await bus.subscribe('chat:1', ear.handler)
    await within(bus.close(), DEADLINE_MS, 'the bus to close')
    bus.publish('chat:1', Buffer.from('too late'))
    bus.unsubscribe('chat:1', ear.handler)
    await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(ear.words, [])
  })
}

async function testPayloads (t: Test, open: OpenCluster): Promise<void> {
  await t.test('payloads arrive byte for byte', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    const payloads = [
      Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.alloc(0),
      Buffer.from('*1\r\n$4\r\nPING\r\n'),
      Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      randomBytes(1_048_576)
    ]
    const ear = new Ear()
    await other.subscribe('chat:1', ear.handler)
    for (const payload of payloads) bus.publish('chat:1', payload)
    bus.publish('chat:1', Buffer.from('end'))
    await ear.hears('end')
    t.equal(ear.heard.length, payloads.length + 1, 'each arrives once')
    t.ok(payloads.every((payload, index) => ear.heard[index]?.equals(payload)), 'none is changed')
  })

  await t.test('the payloads of one publisher arrive in its order', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    const [here, there] = [new Ear(), new Ear()]
    await bus.subscribe('chat:1', here.handler)
    await other.subscribe('chat:1', there.handler)
    const words = Array.from({ length: PAYLOADS }, (_, index) => String(index))
    for (const word of words) bus.publish('chat:1', Buffer.from(word))
    for (const ear of [here, there]) {
      await ear.hears(String(PAYLOADS - 1))
      t.strictSame(ear.words, words)
    }
  })

  await t.test('a handler never runs inside the call that publishes', async (t) => {
    const [bus] = await open(t, 1)
    const ear = new Ear()
    await bus.subscribe('chat:1', ear.handler)
    bus.publish('chat:1', Buffer.from('a'))
    t.strictSame(ear.words, [])
    await ear.hears('a')
  })
}

async function testSubscriptions (t: Test, open: OpenCluster): Promise<void> {
  await t.test('every handler of a channel hears, until it is taken off', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    const [first, second, third] = [new Ear(), new Ear(), new Ear()]
    for (const ear of [first, second, third]) await bus.subscribe('chat:1', ear.handler)
    other.publish('chat:1', Buffer.from('a'))
    await Promise.all([first, second, third].map((ear) => ear.hears('a')))
    bus.unsubscribe('chat:1', first.handler)
    other.publish('chat:1', Buffer.from('b'))
    await Promise.all([second, third].map((ear) => ear.hears('b')))
    bus.unsubscribe('chat:1', second.handler)
    other.publish('chat:1', Buffer.from('c'))
    await third.hears('c')
    t.strictSame([first, second, third].map((ear) => ear.words.join('')), ['a', 'ab', 'abc'])
  })

  await t.test('a handler that was never there can be taken off', async (t) => {
    const [bus] = await open(t, 1)
    const [ear, stranger] = [new Ear(), new Ear()]
    bus.unsubscribe('chat:1', stranger.handler)
    await bus.subscribe('chat:1', ear.handler)
    bus.unsubscribe('chat:1', stranger.handler)
    bus.publish('chat:1', Buffer.from('a'))
    await ear.hears('a')
    t.strictSame(stranger.words, [])
  })

  await t.test('after the last handler is off, a new one hears and the old one does not', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    const [old, next] = [new Ear(), new Ear()]
    await bus.subscribe('chat:1', old.handler)
    bus.unsubscribe('chat:1', old.handler)
    await bus.subscribe('chat:1', next.handler)
    other.publish('chat:1', Buffer.from('a'))
    await next.hears('a')
    t.strictSame(old.words, [])
  })

  await t.test('unsubscribing and subscribing again in one breath ends subscribed, once', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    const ear = new Ear()
    const earlier = bus.subscribe('chat:1', ear.handler)
    bus.unsubscribe('chat:1', ear.handler)
    const later = bus.subscribe('chat:1', ear.handler)
    await within(Promise.all([earlier, later]), DEADLINE_MS, 'both subscriptions to settle')
    for (let round = 0; round < 20; round++) {
      bus.unsubscribe('chat:1', ear.handler)
      await bus.subscribe('chat:1', ear.handler)
    }
    other.publish('chat:1', Buffer.from('a'))
    other.publish('chat:1', Buffer.from('b'))
    await ear.hears('b')
    t.strictSame(ear.words, ['a', 'b'])
  })

  await t.test('whatever is published after a subscription resolved is heard, by its second caller too', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    await Promise.all(Array.from({ length: SUBSCRIPTIONS }, async (_, chat) => {
      const [first, second] = [new Ear(), new Ear()]
      const pending = bus.subscribe(`chat:${String(chat)}`, first.handler)
      await bus.subscribe(`chat:${String(chat)}`, second.handler)
      other.publish(`chat:${String(chat)}`, Buffer.from('a'))
      await Promise.all([first.hears('a'), second.hears('a'), pending])
    }))
    t.pass('no payload is missed')
  })

  await t.test('a handler may take itself off while it is called, and the others still hear', async (t) => {
    const [bus] = await open(t, 1)
    const [before, after] = [new Ear(), new Ear()]
    let calls = 0
    const once = () => {
      calls++
      bus.unsubscribe('chat:1', once)
    }
    for (const handler of [before.handler, once, after.handler]) await bus.subscribe('chat:1', handler)
    bus.publish('chat:1', Buffer.from('a'))
    bus.publish('chat:1', Buffer.from('b'))
    await Promise.all([before.hears('b'), after.hears('b')])
    t.strictSame([before.words, after.words, calls], [['a', 'b'], ['a', 'b'], 1])
  })
}

async function testReach (t: Test, open: OpenCluster): Promise<void> {
  await t.test('what a bus was told how to recognise is not heard', async (t) => {
    const [bus, other = bus] = await open(t, 2)
    const ear = new Ear()
    await bus.subscribe('chat:1', ear.handler)
    for (const publisher of [bus, other]) {
      publisher.publish('chat:1', Buffer.from(`${ECHO}hello`))
      publisher.publish('chat:1', Buffer.from('not an echo: hello'))
      publisher.publish('chat:1', Buffer.alloc(0))
    }
    // Behind all of them on the channel, whoever they are from.
    await ear.hears('')
    for (const publisher of [bus, other]) {
      publisher.publish('chat:1', Buffer.from(`end of ${String(publisher === bus)}`))
      await ear.hears(`end of ${String(publisher === bus)}`)
    }
    t.strictSame(ear.words.filter((word) => word.startsWith(ECHO)), [])
    t.equal(ear.words.filter((word) => word === 'not an echo: hello').length, 2)
  })

  await t.test('a replica hears itself, and so do all the others', async (t) => {
    const buses = await open(t, 3)
    const ears = buses.map(() => new Ear())
    await Promise.all(buses.map((bus, index) => bus.subscribe('chat:1', ears[index]?.handler ?? (() => undefined))))
    for (const [index, bus] of buses.entries()) {
      bus.publish('chat:1', Buffer.from(`from ${String(index)}`))
      await Promise.all(ears.map((ear) => ear.hears(`from ${String(index)}`)))
    }
    t.strictSame(ears.map((ear) => ear.words), ears.map(() => ['from 0', 'from 1', 'from 2']))
  })

  await t.test('a channel hears nothing of another, not even of one whose name begins alike', async (t) => {
    const [bus] = await open(t, 1)
    const channels = ['chat:1', 'chat:12', 'chat:', 'chat:1*', 'Chat:1', 'events']
    const ears = new Map(channels.map((channel) => [channel, new Ear()]))
    for (const [channel, ear] of ears) await bus.subscribe(channel, ear.handler)
    for (const channel of channels) bus.publish(channel, Buffer.from(`for ${channel}`))
    for (const [channel, ear] of ears) await ear.hears(`for ${channel}`)
    t.strictSame([...ears.values()].map((ear) => ear.words), channels.map((channel) => [`for ${channel}`]))
  })

  await t.test('two clusters hear nothing of each other', async (t) => {
    const [[ours], [theirs]] = [await open(t, 1), await open(t, 1)]
    const [here, there] = [new Ear(), new Ear()]
    await ours.subscribe('chat:1', here.handler)
    await theirs.subscribe('chat:1', there.handler)
    ours.publish('chat:1', Buffer.from('ours'))
    await here.hears('ours')
    theirs.publish('chat:1', Buffer.from('theirs'))
    await there.hears('theirs')
    ours.publish('chat:1', Buffer.from('end'))
    await here.hears('end')
    t.strictSame([here.words, there.words], [['ours', 'end'], ['theirs']])
  })
}
