/** The parts of a service worker's registration that are used, as browsers have them. */

/** A subscription of a browser. */
export type PushSubscriptionLike = {
  readonly endpoint: string
  readonly options?: { readonly applicationServerKey?: ArrayBuffer | null }
  getKey: (name: 'p256dh' | 'auth') => ArrayBuffer | null
  unsubscribe: () => Promise<boolean>
}

/** The registration of a service worker. */
export type PushRegistration = {
  readonly pushManager: {
    getSubscription: () => Promise<PushSubscriptionLike | null>
    subscribe: (
      options: { userVisibleOnly: true, applicationServerKey: string }
    ) => Promise<PushSubscriptionLike>
  }
}

/** Bytes in base64url, without padding. */
export function encodeBytes (bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** A name of a subscription that stays the same as long as it does: the beginning of the hash of its endpoint. */
export async function deviceOf ({ endpoint }: PushSubscriptionLike): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint))
  return `web-${encodeBytes(hash).slice(0, ID_LENGTH)}`
}

const ID_LENGTH = 24
