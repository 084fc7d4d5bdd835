/** What tabs say to each other. Sockets are named by their tab and a number in it. */

/** Of a tab to the one that leads: those without `leader` are for whichever it is. */
type ToLeader =
  /** A socket has begun. It is said again to each new leader, until one has answered. */
  | { readonly type: 'join', readonly tab: string, readonly socket: string, readonly hello: string }
  | { readonly type: 'command', readonly leader: string, readonly socket: string, readonly text: string }
  | { readonly type: 'leave', readonly socket: string }

/** Of the tab that leads. */
type OfLeader =
  /** It leads from now on: sockets of an earlier one are lost. */
  | { readonly type: 'lead', readonly leader: string }
  | { readonly type: 'joined', readonly leader: string, readonly socket: string }
  | { readonly type: 'frame', readonly leader: string, readonly sockets: readonly string[], readonly text: string }
  | { readonly type: 'close', readonly leader: string, readonly sockets: readonly string[], readonly code: number }

/** A message between tabs. All of them are of this version of the library, or are ignored: see {@link roomName}. */
export type TabMessage = ToLeader | OfLeader

/** Another version has a room of its own: it may not understand what is said in this one. */
const VERSION = 1

/** Where the tabs meet that may share a socket: of one server, one user, and the same rights. */
export function roomName (url: string, token: string): string {
  return `confab-client ${String(VERSION)} ${url} ${identityOf(token)}`
}

/** A token that does not say whose it is has a room of its own. */
function identityOf (token: string): string {
  try {
    const claims: unknown = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
    if (typeof claims !== 'object' || claims === null || !('sub' in claims)) return token
    return JSON.stringify([claims.sub, 'chats' in claims ? claims.chats : null])
  } catch {
    return token
  }
}
