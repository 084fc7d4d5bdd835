/** The parts of a service worker that are used, as browsers have them. */

/** A notification that is shown. */
export type ShownNotification = { readonly data: unknown, close: () => void }

/** A window of the page. */
export type WorkerWindow = {
  readonly url: string
  readonly focused: boolean
  focus: () => Promise<unknown>
  postMessage: (message: unknown) => void
}

type Extended = { waitUntil: (work: Promise<unknown>) => void }
/** A push that has arrived. */
export type PushEventLike = Extended & { readonly data: { text: () => string } | null }
/** A click on a notification. */
export type ClickEventLike = Extended & { readonly notification: ShownNotification }

/** The global scope of a service worker. */
export type PushWorker = {
  readonly registration: {
    /** The URL that those of its pages begin with. */
    readonly scope: string
    showNotification: (title: string, options: object) => Promise<unknown>
    getNotifications: (filter: { tag: string }) => Promise<readonly ShownNotification[]>
  }
  readonly clients: {
    matchAll: (options: { type: 'window', includeUncontrolled: boolean }) => Promise<readonly WorkerWindow[]>
    openWindow: (url: string) => Promise<unknown>
  }
  readonly location: { readonly origin: string }
  addEventListener: {
    (type: 'push', listener: (event: PushEventLike) => void): void
    (type: 'notificationclick', listener: (event: ClickEventLike) => void): void
  }
}
