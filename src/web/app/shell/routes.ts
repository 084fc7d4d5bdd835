/** The address of the page, behind its `#`: what is shown, so that links, reloads and "back" work. */
import { computed, type ReadonlySignal, signal } from '@preact/signals'

/** A panel beside a chat. To add one, see `panels.tsx`. */
export type PanelRoute = { readonly name: string, readonly argument?: string | undefined }

/** What is shown. */
export type Route =
  | { readonly screen: 'sign-in' | 'register' | 'verify' | 'forgotten' | 'styleguide' }
  /** `chat` is the open one; `at` a message to go to. */
  | { readonly screen: 'chats', readonly chat?: string, readonly at?: number, readonly panel?: PanelRoute }
  | { readonly screen: 'settings' | 'administration', readonly section: string }
  /** `code` is that of an invite to a chat. */
  | { readonly screen: 'invite', readonly code: string }

const ENTRANCE = ['sign-in', 'register', 'verify', 'forgotten'] as const

const hash = signal(location.hash)
addEventListener('hashchange', () => {
  visits.value++
  hash.value = location.hash
})

const visits = signal(0)

/** Counts how often somewhere was gone to, also where the address stays the same: the message is shown again. */
export const visited: ReadonlySignal<number> = visits

/** The present route. */
export const route: ReadonlySignal<Route> = computed(() => parseRoute(hash.value))

/** The id of the open chat. */
export const openChat: ReadonlySignal<string | undefined> = computed(() =>
  route.value.screen === 'chats' ? route.value.chat : undefined)

/** Reads an address. What it does not know is the list of chats. */
export function parseRoute (address: string): Route {
  const [, screen = '', ...rest] = address.replace(/^#/, '').split('/').map(decode)
  const entrance = ENTRANCE.find((name) => name === screen)
  if (entrance !== undefined) return { screen: entrance }
  if (screen === 'styleguide') return { screen }
  if (screen === 'settings' || screen === 'administration') return { screen, section: rest[0] ?? '' }
  const [chat] = rest
  if (screen === 'invite' && chat !== undefined && /^[\w-]{1,64}$/.test(chat)) return { screen, code: chat }
  if (screen !== 'chats' || chat === undefined || !/^[\w.~-]{1,64}$/.test(chat)) return { screen: 'chats' }
  const at = Number(valueOf(rest, 'at') ?? NaN)
  const name = valueOf(rest, 'panel')
  const [panel, argument] = name?.split(':') ?? []
  return {
    screen,
    chat,
    ...(Number.isSafeInteger(at) && { at }),
    ...(panel !== undefined && panel !== '' && { panel: { name: panel, argument } })
  }
}

/** Writes an address. */
export function addressOf (shown: Route): string {
  if (shown.screen === 'settings' || shown.screen === 'administration')
    return `#/${shown.screen}/${encodeURIComponent(shown.section)}`
  if (shown.screen === 'invite') return `#/invite/${encodeURIComponent(shown.code)}`
  if (shown.screen !== 'chats') return `#/${shown.screen}`
  if (shown.chat === undefined) return '#/chats'
  const { chat, at, panel } = shown
  const argument = panel?.argument === undefined ? '' : `:${panel.argument}`
  return `#/chats/${encodeURIComponent(chat)}${at === undefined ? '' : `/at/${String(at)}`}` +
    (panel === undefined ? '' : `/panel/${encodeURIComponent(`${panel.name}${argument}`)}`)
}

/** Goes somewhere. @param isReplacing whether "back" leaves out what is shown now */
export function goTo (next: Route, { isReplacing = false } = {}): void {
  const address = addressOf(next)
  visits.value++
  if (address === location.hash) return
  if (isReplacing) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  hash.value = address
}

/** Opens a panel beside the open chat, or closes it. */
export function showPanel (panel: PanelRoute | undefined): void {
  const { value } = route
  if (value.screen !== 'chats' || value.chat === undefined) return
  goTo({ screen: 'chats', chat: value.chat, ...(panel !== undefined && { panel }) }, { isReplacing: true })
}

function valueOf (parts: readonly string[], name: string): string | undefined {
  const index = parts.indexOf(name, 1)
  return index < 0 ? undefined : parts[index + 1]
}

function decode (part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
