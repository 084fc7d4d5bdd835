/** The icon of the browser's tab: the logo in fixed colours, since it inherits none there. */
import { LOGO } from '../api/pages/brand.ts'

export const ICON: string = LOGO.toString()
  .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" color="#4338ca" ')
  .replace('class="dots"', 'fill="#ffffff"')
