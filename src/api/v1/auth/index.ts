/** `/v1/auth`: accounts of ours, from the registration to the reset of a password. */
import type { Scope } from '../../http/scope.ts'
import changePassword from './change-password.ts'
import login from './login.ts'
import logout from './logout.ts'
import passwordReset from './password-reset.ts'
import registration from './registration.ts'

/** Adds the routes. */
export default async function auth (app: Scope): Promise<void> {
  await app.register(registration)
  await app.register(login)
  await app.register(logout)
  await app.register(passwordReset, { prefix: '/password-reset' })
  await app.register(changePassword)
}
