/** English texts of what is loaded when it is needed. */
import { administration } from './administration.ts'
import { finding } from './finding.ts'
import { moderationWords } from './moderation.ts'
import { notifications } from './notifications.ts'
import { peopleWords } from './people.ts'
import { soundWords } from './sounds.ts'
import { twoFactor } from './two-factor.ts'

/** The texts. */
export const more = {
  ...peopleWords, ...moderationWords, ...finding, ...soundWords, notifications, administration, twoFactor
}
