/**
 * The log of authentication: one line for each registration, login, refresh, reset, change or end of an account and
 * logout, with the id of the request, the account if there is one, the client's address and the outcome. Input is never
 * logged: every day a user types a password into the wrong field.
 */
import type { FastifyRequest } from 'fastify'
import { asChatError } from '../../domain/errors.ts'

/** The logged events. */
export type AuthEvent =
  | 'register'
  | 'resend'
  | 'verify'
  | 'login'
  | 'refresh'
  | 'reset-request'
  | 'reset'
  | 'change-password'
  | 'change-profile'
  | 'disable'
  | 'enable'
  | 'delete'
  | 'logout'
  | 'end-session'
  | 'two-factor-begin'
  | 'two-factor-on'
  | 'two-factor-codes'
  | 'two-factor-off'

/**
 * Logs the outcome of an event when it is known.
 * @param userIdOf the account concerned; undefined if there is none
 * @returns the result of the work
 * @throws the error of the work
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
