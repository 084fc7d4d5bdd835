/**
 * Everything about people and chats that is loaded when it is needed first, as one file of the bundle: each part with
 * a file of its own would cut what they share with the first load into small pieces, which compress worse.
 */
export { AcceptInvite } from '../invites/accept-invite.tsx'
export { ReportDialog } from '../moderation/report-dialog.tsx'
export { NewChat } from '../new-chat/new-chat.tsx'
export { DetailsPanel } from './details-panel.tsx'
export { InvitesPanel } from './invites-panel.tsx'
export { JoinBar } from './join-bar.tsx'
export { MembersPanel } from './members-panel.tsx'
export { ModerationPanel } from './moderation-panel.tsx'
export { PinsPanel } from './pins-panel.tsx'
