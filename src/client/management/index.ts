/** Managing chats, their members and the account: what forms and panels of an application need, a function each. */
export { ConfabProblem } from '../problem.ts'
export {
  type AccountLogin, type Block, blockUser, changePassword, changeProfile, endOtherSessions, endSession, eraseAccount,
  isShared, listBlocks, listSessions, type NotificationSettings, type OwnUser, readNotifications, readProfile,
  removeOwnAvatar, share, type Shared, uploadOwnAvatar, writeNotifications
} from './account.ts'
export type { Requester } from './call.ts'
export {
  changeChat, changeOwnSettings, type ChatSettings, type ChatType, deleteChat, freezeChat, joinChat, leaveChat,
  listChatTypes, listPins, type OwnSettings, removeChatAvatar, uploadChatAvatar
} from './chats.ts'
export {
  acceptInvite, addMembers, changeRole, createInvite, type Invite, listInvites, type MemberOutcome, type MemberToAdd,
  removeMember, revokeInvite, transferChat
} from './members.ts'
export {
  beginTwoFactor, confirmTwoFactor, readTwoFactor, removeTwoFactor, renewRecoveryCodes, type TwoFactor,
  type TwoFactorSecret
} from './two-factor.ts'
