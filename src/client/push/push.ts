/** Registers the browser with the server, and removes it. */
import { baseOf } from '../client-options.ts'
import { type CallOptions, Http } from '../http.ts'
import { fieldOf } from '../json.ts'
import { ConfabProblem, problemOf } from '../problem.ts'
import { type GetToken, Tokens } from '../tokens.ts'
import { deviceOf, encodeBytes, type PushRegistration, type PushSubscriptionLike } from './registration.ts'

const TIMEOUT_MS = 30_000

/** In service workers, and in some pages, there is none. */
declare const Notification: { permission: string, requestPermission: () => Promise<string> } | undefined

/** Options of both functions. */
export type PushOptions = CallOptions & {
  /** Address of the server. */
  url: string
  /** Returns a token of the user. */
  getToken: GetToken
  /** That of the service worker: `await navigator.serviceWorker.ready`. */
  registration: PushRegistration
  fetch?: typeof fetch | undefined
}

/** Options of {@link enablePush}. */
export type EnablePushOptions = PushOptions & {
  /** A name for a list that people see, such as `Firefox on the desk`. */
  name?: string | undefined
}

/**
 * Has the user be notified in this browser. To be called from a click the first time, since the browser asks, and at
 * each start of the page after that: it subscribes again when that is needed.
 * @returns the id of the device
 * @throws {ConfabProblem} `push_denied` when the browser does not allow it, `push_off` when the server has no Web Push
 */
export async function enablePush (options: EnablePushOptions): Promise<{ device: string }> {
  const { registration, name, signal } = options
  await askPermission()
  const http = httpOf(options)
  const offer = await http.send('/push', { signal })
  const key = fieldOf(offer, 'vapid_public_key')
  if (typeof key !== 'string') throw new ConfabProblem('push_off', 'The server sends nothing to browsers.')
  const subscription = await subscribe(registration, key)
  const device = await deviceOf(subscription)
  await http.send(`/me/devices/${device}`, { method: 'PUT', signal, body: bodyOf(subscription, name) })
  return { device }
}

/** Ends it: the server sends nothing to this browser any more. */
export async function disablePush (options: PushOptions): Promise<void> {
  const { registration, signal } = options
  const subscription = await registration.pushManager.getSubscription()
  if (subscription === null) return
  try {
    await httpOf(options).send(`/me/devices/${await deviceOf(subscription)}`, { method: 'DELETE', signal })
  } catch (error) {
    if (problemOf(error).code !== 'unknown_device') throw error
  } finally {
    await subscription.unsubscribe()
  }
}

function httpOf ({ url, getToken, fetch: send = (...call) => fetch(...call) }: PushOptions): Http {
  return new Http({ url: baseOf(url), tokens: new Tokens(getToken), fetch: send, timeoutMs: TIMEOUT_MS })
}

async function askPermission (): Promise<void> {
  if (typeof Notification === 'undefined') return
  const permission = Notification.permission === 'default'
    ? await Notification.requestPermission()
    : Notification.permission
  if (permission !== 'granted') throw new ConfabProblem('push_denied', 'The browser does not allow notifications.')
}

/** The subscription of the browser to this key: one to another key is of no use. */
async function subscribe ({ pushManager }: PushRegistration, key: string): Promise<PushSubscriptionLike> {
  const present = await pushManager.getSubscription()
  const known = present?.options?.applicationServerKey
  if (present !== null && (known == null || encodeBytes(known) === key)) return present
  await present?.unsubscribe()
  try {
    return await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  } catch (cause) {
    throw new ConfabProblem('push_denied', 'The browser could not subscribe.', { cause })
  }
}

function bodyOf (subscription: PushSubscriptionLike, name: string | undefined): object {
  const [p256dh, auth] = [subscription.getKey('p256dh'), subscription.getKey('auth')]
  if (p256dh === null || auth === null) throw new ConfabProblem('push_denied', 'The subscription has no keys.')
  return {
    kind: 'web',
    endpoint: subscription.endpoint,
    keys: { p256dh: encodeBytes(p256dh), auth: encodeBytes(auth) },
    ...(name !== undefined && { name })
  }
}
