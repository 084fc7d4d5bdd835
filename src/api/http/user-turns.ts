/**
 * Requests with a session, in turns of their users: each user has a few handled at a time, at a rate. More wait, so
 * that no user slows down the others, and those that would wait long are refused.
 */
import fastifyPlugin from 'fastify-plugin'
import { setTimeout as sleep } from 'node:timers/promises'
import { ChatError } from '../../domain/errors.ts'

/** Longest time that the rate of a user delays a request, in milliseconds. */
const MAX_WAIT_MS = 5_000
/** A request counts once more towards the rate of its user for every so many characters of its answer. */
const CHARACTERS_PER_TOKEN = 8_192
/** Requests of one user that may wait for their turn. */
const MAX_WAITING = 200

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends the turn with an answer of so many characters; null before it. */
    endTurn: ((length: number) => void) | null
  }
  interface FastifyInstance {
    userTurns: {
      /**
       * Resolves when it is the request's turn, which ends when it is answered.
       * @throws {ChatError} `rate_limited`
       */
      wait: (request: FastifyRequest, userId: number) => Promise<void>
    }
  }
}

export default fastifyPlugin(async (app) => {
  const { requests, handling } = app.shares
  /** Number of requests that wait, by user. */
  const waiting = new Map<number, number>()
  const refuse = () => {
    app.metrics.rateLimited.add('requests')
    throw new ChatError('rate_limited', undefined, { retryAfterMs: MAX_WAIT_MS })
  }

  async function waitForTurn (userId: number): Promise<void> {
    const waitMs = requests === undefined ? 0 : requests.take(userId, 1, MAX_WAIT_MS)
    if (waitMs !== 0) await sleep(waitMs ?? MAX_WAIT_MS, undefined, { ref: false })
    // Also refused late: a client that repeats its request at once would be answered faster than one that waits.
    if (waitMs === undefined) refuse()
    await handling.enter(userId)
  }

  app.decorateRequest('endTurn', null)
  app.decorate('userTurns', {
    async wait (request, userId) {
      const count = waiting.get(userId) ?? 0
      if (count >= MAX_WAITING) refuse()
      waiting.set(userId, count + 1)
      try {
        await waitForTurn(userId)
      } finally {
        const left = (waiting.get(userId) ?? 1) - 1
        if (left === 0) waiting.delete(userId)
        else waiting.set(userId, left)
      }
      request.endTurn = (length) => {
        request.endTurn = null
        handling.leave(userId)
        requests?.take(userId, length / CHARACTERS_PER_TOKEN)
      }
    }
  })
  // An answer is sent to a client that is gone, too: its request was handled to the end.
  app.addHook('onSend', (request, _reply, payload, done) => {
    request.endTurn?.(typeof payload === 'string' ? payload.length : 0)
    done()
  })
}, { name: 'user-turns', dependencies: ['services'], fastify: '5.x' })
