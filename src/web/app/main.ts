/** The web client: shows the screen that the address names, for the user of this tab. */
import { announce, installAnnouncer } from './announcer.ts'
import { currentUser, readLogin } from './local-storage.ts'
import { currentRoute, goTo, onRoute } from './routes.ts'
import { resume, Session, type SignedIn } from './session.ts'
import { Entrance } from './views/entrance.ts'
import { Workspace } from './views/workspace.ts'

const TITLES = {
  'sign-in': 'Sign in',
  register: 'Create an account',
  verify: 'Check your mail',
  forgotten: 'Forgotten password'
}

const root = document.getElementById('app') ?? document.body
const entrance = new Entrance((signedIn) => {
  enter(signedIn)
  goTo({ screen: 'chats' }, { replace: true })
})
let inside: { session: Session, workspace: Workspace } | undefined

function enter (signedIn: SignedIn): void {
  leave()
  const session = new Session(signedIn, () => {
    leave()
    announce('You are signed out.')
    goTo({ screen: 'sign-in' }, { replace: true })
  })
  inside = { session, workspace: new Workspace(session) }
}

/** Signs out of this tab only; the session continues in others. */
function leave (): void {
  inside?.workspace.close()
  inside?.session.stop()
  inside = undefined
}

function show (): void {
  const route = currentRoute() ?? { screen: inside === undefined ? 'sign-in' : 'chats' }
  if (route.screen === 'chats' || route.screen === 'chat') {
    if (inside === undefined) {
      goTo({ screen: 'sign-in' }, { replace: true })
      return
    }
    const { view } = inside.workspace
    if (!root.contains(view)) root.replaceChildren(view)
    inside.workspace.show(route)
    return
  }
  document.title = `${TITLES[route.screen]} · Confab`
  root.replaceChildren(entrance.screen(route.screen))
}

installAnnouncer()
onRoute(show)
const username = currentUser()
const login = username === undefined ? undefined : readLogin(username)
if (login !== undefined) enter(resume(login))
show()
