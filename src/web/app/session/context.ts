/** The session in components below the screen of a signed-in user. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Session } from './session.ts'

/** Provided by the shell. */
export const SessionContext = createContext<Session | null>(null)

/** The session. @throws outside of the screens of a signed-in user */
export function useSession (): Session {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('There is no session around this component.')
  return session
}
