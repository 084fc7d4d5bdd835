/** What fills the page: the entrance, or the screens of somebody who is signed in. */
import { useEffect } from 'preact/hooks'
import { Entrance } from '../accounts/entrance.tsx'
import { Toasts } from '../design/toast.tsx'
import { keepInvite, pendingInvite } from '../invites/pending-invite.ts'
import { SessionContext } from '../session/context.ts'
import { session } from '../session/session.ts'
import { Layout } from './layout.tsx'
import { type Route, route } from './routes.ts'
import { AcceptInvite, Administration, Settings, StyleGuide } from './screens.tsx'
import { whenIdle } from './when-idle.tsx'

const Extras = whenIdle(async () => (await import('../extras/extras.tsx')).Extras)

/** The page. */
export function App () {
  return (
    <>
      <Screen />
      <Toasts />
    </>
  )
}

function Screen () {
  const { value: shown } = route
  const { value: current } = session
  useEffect(() => {
    if (current === null && shown.screen === 'invite') keepInvite(shown.code)
  }, [current, shown])
  if (shown.screen === 'styleguide' && StyleGuide !== undefined) return <StyleGuide />
  if (current === null) return <Entrance />
  return (
    <SessionContext.Provider value={current}>
      <SignedIn shown={shown} />
      <Extras />
    </SessionContext.Provider>
  )
}

function SignedIn ({ shown }: { shown: Route }) {
  const invite = shown.screen === 'invite' ? shown.code : pendingInvite.value
  if (invite !== null) return <AcceptInvite code={invite} />
  if (shown.screen === 'administration') return <Administration section={shown.section} />
  return shown.screen === 'settings' ? <Settings section={shown.section} /> : <Layout />
}
