/** Notifications of a browser, for its pages: switching them on and off. `confab-client/push-worker` shows them. */
export type { GetToken } from '../tokens.ts'
export { ConfabProblem } from '../problem.ts'
export { disablePush, enablePush, type EnablePushOptions, type PushOptions } from './push.ts'
export type { PushRegistration, PushSubscriptionLike } from './registration.ts'
