/** Notifications of this browser: by push, or by the page as long as it is open where the server cannot push. */
import { signal } from '@preact/signals'
import { ConfabProblem, disablePush, enablePush } from '../../../client/push/index.ts'
import { login } from '../session/session.ts'
import { browserTexts } from '../state/browser-storage.ts'
import { serviceWorker } from './service-worker.ts'

const SETTING = 'confab-notifications'

/** `push` also tells a closed page; `page` an open one. */
export type DeviceState = 'off' | 'push' | 'page' | 'denied' | 'unsupported'

/** The present state. */
export const device = signal<DeviceState>(kept())

/** Switches them on, from a click: the browser asks. */
export async function switchOn (): Promise<void> {
  // Some browsers ask in answer to a click alone, which a wait would part from it.
  const permission = await Notification.requestPermission()
  if (permission !== 'granted') {
    device.value = permission === 'denied' ? 'denied' : 'off'
    return
  }
  const state = await subscribe()
  browserTexts.setItem(SETTING, state)
  device.value = state
}

/** Subscribes anew where they are on: a browser may have given up its subscription. */
export async function renew (): Promise<void> {
  if (device.value === 'push' || device.value === 'page') device.value = await subscribe()
}

/** Switches them off. */
export async function switchOff (): Promise<void> {
  browserTexts.removeItem(SETTING)
  device.value = 'off'
  const registration = await serviceWorker()
  if (registration !== null) await disablePush({ ...options(), registration })
}

/** Ends them in this browser: the server ends them with the session. */
export async function forgetDevice (): Promise<void> {
  browserTexts.removeItem(SETTING)
  device.value = kept()
  const registration = await serviceWorker()
  if (registration === null) return
  for (const shown of await registration.getNotifications()) shown.close()
  await (await registration.pushManager.getSubscription())?.unsubscribe()
}

async function subscribe (): Promise<'push' | 'page'> {
  const registration = await serviceWorker()
  if (registration === null) return 'page'
  try {
    await navigator.serviceWorker.ready
    await enablePush({ ...options(), registration, name: nameOfBrowser() })
    return 'push'
  } catch (error) {
    // A server without push, or a browser that reaches no push service.
    if (error instanceof ConfabProblem && ['push_off', 'push_denied'].includes(error.code)) return 'page'
    return browserTexts.getItem(SETTING) === 'push' ? 'push' : 'page'
  }
}

function options () {
  return { url: location.origin, getToken: login.tokens() }
}

function kept (): DeviceState {
  if (!('Notification' in globalThis) || !('serviceWorker' in navigator)) return 'unsupported'
  if (Notification.permission === 'denied') return 'denied'
  const setting = browserTexts.getItem(SETTING)
  return Notification.permission === 'granted' && (setting === 'push' || setting === 'page') ? setting : 'off'
}

/** A name for the list of devices, such as `Firefox on Linux`. */
function nameOfBrowser (): string {
  const { userAgent } = navigator
  const find = (names: readonly string[]) => names.find((name) => userAgent.includes(name))
  const browser = find(['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'])?.replace('Edg', 'Edge').replace('OPR', 'Opera')
  const system = find(['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'CrOS', 'Linux'])
  return [browser ?? 'Browser', ...system === undefined ? [] : [`on ${system}`]].join(' ')
}
