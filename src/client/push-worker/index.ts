/** Notifications of a browser, for its service worker. It needs nothing else of the library. */
export { handlePush, type NotificationTexts, showPush, type WorkerOptions } from './worker.ts'
export { type MessagePush, type PushContent, readPush, type ReadPush } from './content.ts'
export type { PushWorker } from './worker-scope.ts'
