/** The current screen: the fragment of the address, so that the back button works. */

/** A screen. */
export type Route =
  { screen: 'sign-in' | 'register' | 'verify' | 'forgotten' | 'chats' } | { screen: 'chat', chatID: number }

const CHANGE = 'hashchange'
const SCREENS = ['sign-in', 'register', 'verify', 'forgotten', 'chats'] as const

/** The screen in the address; undefined when it names none. */
export function currentRoute (): Route | undefined {
  const [, name, id] = location.hash.split('/')
  const chatID = Number(id)
  if (name === 'chats' && Number.isSafeInteger(chatID) && chatID > 0) return { screen: 'chat', chatID }
  const screen = SCREENS.find((each) => each === name)
  return screen === undefined ? undefined : { screen }
}

/** The address of a screen. */
export function addressOf (route: Route): string {
  return route.screen === 'chat' ? `#/chats/${String(route.chatID)}` : `#/${route.screen}`
}

/** Shows a screen, also when it is the current one. `replace` adds no entry to the browser's history. */
export function goTo (route: Route, { replace = false } = {}): void {
  const address = addressOf(route)
  if (location.hash === address) dispatchEvent(new Event(CHANGE))
  else if (replace) location.replace(address)
  else location.hash = address
}

/** Calls `listener` when another screen should be shown. */
export function onRoute (listener: () => void): void {
  addEventListener(CHANGE, listener)
}
