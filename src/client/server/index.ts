/** For the backend of an application: tokens for its users, and what an API key may do. */
export type { CallOptions } from '../http.ts'
export { ConfabProblem } from '../problem.ts'
export type { MessageContent } from '../state/pending.ts'
export type {
  Actor, Attachment, ChatEvent, ChatInfo, Data, EventData, EventOf, EventType, FeedEvent, Member, Membership, Message,
  Reactions, User
} from '../types.ts'
export {
  ConfabServer, type NewChat, type NewMember, type NewMessage, type Outcome, type Profile, type ServerOptions
} from './server.ts'
export { signUserToken, type TokenOptions, type TokenUser } from './user-token.ts'
export {
  type AskedMessage, type MessageQuestion, type MessageVerdict, verifyMessageQuestion
} from './message-hook.ts'
export {
  signWebhook, verifyWebhook, type Webhook, type WebhookHeaders, type WebhookOptions, type WebhookRequest
} from './webhook.ts'
