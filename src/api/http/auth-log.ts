/**
 * The log of who got in and who did not: one line for each registration, login, refresh, reset and logout, with the
 * request's id, the account where there is one, the client's address and the outcome. What was typed is never in it: a
 * password is typed into the wrong field every day.
 */
import type { FastifyRequest } from 'fastify'
import { asChatError } from '../../domain/errors.ts'

/** What is logged. */
export type AuthEvent = 'register' | 'verify' | 'login' | 'refresh' | 'reset-request' | 'reset' | 'logout'

/**
 * Logs the outcome of an event when it is known.
 * @param userIdOf whose account it was about; undefined where there is none
 * @returns what the work returns
 * @throws what the work throws
 */
export async function logAuthEvent<Result> (
  request: FastifyRequest,
  event: AuthEvent,
  work: Promise<Result>,
  userIdOf: (result: Result) => number | undefined
): Promise<Result> {
  try {
    const result = await work
    request.log.info({ event, result: 'ok', userId: userIdOf(result), address: request.ip }, 'authentication')
    return result
  } catch (error) {
    const { code, userId, detail } = asChatError(error)
    request.log.info({ event, result: code, detail, userId, address: request.ip }, 'authentication')
    throw error
  }
}
