/** The icon of the browser's tab: the logo in fixed colours, since it inherits none there. */
import { LOGO } from '../api/pages/brand.ts'

export const ICON: string = LOGO.toString()
  .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" color="#4338ca" ')
  .replace('class="dots"', 'fill="#ffffff"')

/** The same with a dot, for unread messages. */
export const UNREAD_ICON: string = ICON.replace('</svg>', '<circle cx="25" cy="7" r="7" fill="#dc2626"/></svg>')
