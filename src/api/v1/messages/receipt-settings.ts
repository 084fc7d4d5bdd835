/** `/v1/me/receipts`: whether others may know how far the user that calls has read. */
import { createSharingRoutes } from '../sharing-settings.ts'
import { MESSAGES } from '../tags.ts'

/** Add the routes. */
export const { get: getReceiptSettings, put: putReceiptSettings } = createSharingRoutes({
  path: '/receipts',
  tag: MESSAGES,
  name: 'ReceiptSettings',
  what: 'how far you have read',
  shared: 'Whether other members may know; by default they may.',
  description: 'In all chats. You see theirs either way, and all your devices know your own marks.',
  isShared: ({ readMarks }, userId) => readMarks.areShared(userId),
  share: ({ readMarks }, userId, isShared) => readMarks.share(userId, isShared)
})
