/** Accounts of Confab: registration, login, and a session that the tabs of a browser share. */
export { ConfabProblem } from '../problem.ts'
export {
  type AccountsOptions, ConfabAccounts, type Credentials, type Registration, type SessionTokens
} from './accounts.ts'
export { AccountSession, type AccountSessionOptions } from './session.ts'
export { browserTokens, type KeptTokens, type TokenStore } from './token-store.ts'
