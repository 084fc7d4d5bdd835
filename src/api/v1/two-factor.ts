/** `/v1/me/two-factor`: the second factor of the caller's account. */
import Type from 'typebox'
import { json, noBody } from '../http/answers.ts'
import { logAuthEvent } from '../http/auth-log.ts'
import { networkOfRequest } from '../http/network.ts'
import { limitedAuth } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { requireBearer, sessionOf } from '../http/session.ts'
import { text } from './auth/fields.ts'
import { ACCOUNT } from './tags.ts'

const ATTEMPTS_PER_MINUTE = 10

const PASSWORD = text('Your current password.')
const EXAMPLE_PASSWORD = 'a pass phrase that is long'
const EXAMPLE_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const BOTH_FACTORS = Type.Object(
  { password: PASSWORD, code: text('Of the authenticator app, or a recovery code.') },
  { additionalProperties: false, examples: [{ password: EXAMPLE_PASSWORD, code: '012345' }] }
)
const RECOVERY_CODES = Type.Object({
  recovery_codes: Type.Array(Type.String(), {
    description: 'Each stands in for a code of the app, once. They cannot be had again.'
  })
})
const EXAMPLE_CODES = { recovery_codes: ['2m4k-9vxq-7f0t-c3hd', 'w8pz-1n6e-5rja-0gyb'] }

/**
 * Adds the routes, each with its whole path. None keeps its answers: they have secrets that are shown once, and
 * requests have codes that are good for once.
 */
export default async function twoFactor (app: Scope): Promise<void> {
  requireBearer(app)
  get(app)
  begin(app)
  confirm(app)
  renew(app)
  remove(app)
}

function get (app: Scope): void {
  app.get(
    '/me/two-factor',
    {
      schema: {
        operationId: 'getTwoFactor',
        tags: [ACCOUNT],
        summary: 'See whether your second factor is on',
        response: {
          200: json(
            'The state.',
            Type.Object({
              enabled: Type.Boolean({ description: 'Whether a login needs a code.' }),
              recovery_codes_left: Type.Integer({ minimum: 0, description: 'Those that have not been used.' })
            }),
            { enabled: true, recovery_codes_left: 9 }
          )
        }
      }
    },
    async (request) => {
      const { isOn, recoveryCodesLeft } = await app.services.accounts.readTwoFactor(sessionOf(request).userId)
      return { enabled: isOn, recovery_codes_left: recoveryCodesLeft }
    }
  )
}

function begin (app: Scope): void {
  app.post(
    '/me/two-factor',
    {
      config: {
        ...limitedAuth('two-factor', ATTEMPTS_PER_MINUTE),
        idempotency: 'none',
        errors: ['wrong_password', 'two_factor_on', 'overloaded']
      },
      schema: {
        operationId: 'beginTwoFactor',
        tags: [ACCOUNT],
        summary: 'Set up a second factor',
        description:
          'For an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds). It is not in force before it is ' +
          'confirmed; until then another request makes another secret.',
        body: Type.Object(
          { password: PASSWORD },
          { additionalProperties: false, examples: [{ password: EXAMPLE_PASSWORD }] }
        ),
        response: {
          200: json(
            'The secret, which cannot be had again.',
            Type.Object({
              secret: Type.String({ description: 'In Base32, to be typed.' }),
              url: Type.String({ description: 'The same as an `otpauth:` URL, to be shown as a QR code.' })
            }),
            {
              secret: EXAMPLE_SECRET,
              url: `otpauth://totp/chat.example.org:alice?issuer=chat.example.org&secret=${EXAMPLE_SECRET}` +
                '&algorithm=SHA1&digits=6&period=30'
            }
          )
        }
      }
    },
    async (request) => {
      const { userId } = sessionOf(request)
      const { password } = request.body
      const beginning = app.services.accounts.beginTwoFactor({ userId, password, network: networkOfRequest(request) })
      return logAuthEvent(request, 'two-factor-begin', beginning, () => userId)
    }
  )
}

function confirm (app: Scope): void {
  app.post(
    '/me/two-factor::confirm',
    {
      config: {
        ...limitedAuth('two-factor', ATTEMPTS_PER_MINUTE),
        idempotency: 'none',
        errors: ['wrong_code', 'two_factor_on', 'unknown_two_factor']
      },
      schema: {
        operationId: 'confirmTwoFactor',
        tags: [ACCOUNT],
        summary: 'Switch your second factor on',
        description: 'By a code of the app. Sessions that are open stay open. A mail tells the owner.',
        body: Type.Object(
          { code: text('Of the authenticator app.') },
          { additionalProperties: false, examples: [{ code: '012345' }] }
        ),
        response: {
          200: json('It is on.', RECOVERY_CODES, EXAMPLE_CODES)
        }
      }
    },
    async (request) => {
      const { userId } = sessionOf(request)
      const { code } = request.body
      const confirming = app.services.accounts.confirmTwoFactor({ userId, code, network: networkOfRequest(request) })
      return { recovery_codes: await logAuthEvent(request, 'two-factor-on', confirming, () => userId) }
    }
  )
}

function renew (app: Scope): void {
  app.post(
    '/me/two-factor::renew-codes',
    {
      config: {
        ...limitedAuth('two-factor', ATTEMPTS_PER_MINUTE),
        idempotency: 'none',
        errors: ['wrong_password', 'wrong_code', 'unknown_two_factor', 'overloaded']
      },
      schema: {
        operationId: 'renewRecoveryCodes',
        tags: [ACCOUNT],
        summary: 'Get new recovery codes',
        description: 'Those before are void. A mail tells the owner.',
        body: BOTH_FACTORS,
        response: { 200: json('The new codes.', RECOVERY_CODES, EXAMPLE_CODES) }
      }
    },
    async (request) => {
      const { userId } = sessionOf(request)
      const renewing = app.services.accounts.renewRecoveryCodes({
        userId, ...request.body, network: networkOfRequest(request)
      })
      return { recovery_codes: await logAuthEvent(request, 'two-factor-codes', renewing, () => userId) }
    }
  )
}

function remove (app: Scope): void {
  app.post(
    '/me/two-factor::remove',
    {
      config: {
        ...limitedAuth('two-factor', ATTEMPTS_PER_MINUTE),
        idempotency: 'none',
        errors: ['wrong_password', 'wrong_code', 'unknown_two_factor', 'overloaded']
      },
      schema: {
        operationId: 'removeTwoFactor',
        tags: [ACCOUNT],
        summary: 'Switch your second factor off',
        description: 'A mail tells the owner.',
        body: BOTH_FACTORS,
        response: { 204: noBody('It is off, and its codes are void.') }
      }
    },
    async (request, reply) => {
      const { userId } = sessionOf(request)
      const removing = app.services.accounts.removeTwoFactor({
        userId, ...request.body, network: networkOfRequest(request)
      })
      await logAuthEvent(request, 'two-factor-off', removing, () => userId)
      return reply.code(204).send(null)
    }
  )
}
