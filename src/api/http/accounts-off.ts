/** `ACCOUNTS=off`: there is no way in for accounts of ours, only for users of the application. */
import type { RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'
import type { RateName } from './rate-limit.ts'

/** The purposes of the routes that are refused, in all faces. */
const ENTRANCES: ReadonlySet<RateName> = new Set([
  'register', 'verify', 'resend', 'login', 'reset-request', 'reset'
] as const)

/** Whether a route registers, logs in or resets a password. */
export function isEntrance ({ method, config }: Pick<RouteOptions, 'method' | 'config'>): boolean {
  return method === 'POST' && config?.purpose !== undefined && ENTRANCES.has(config.purpose)
}

export default fastifyPlugin(async (app) => {
  if (app.config.areAccountsOn) return
  app.addHook('onRoute', (route) => {
    if (!isEntrance(route)) return
    route.onRequest = async () => {
      throw new ChatError('accounts_off')
    }
  })
}, { name: 'accounts-off', dependencies: ['services'], fastify: '5.x' })
