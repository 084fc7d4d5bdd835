/** The icon in the browser's tab: the mark in its own colours, since nothing around it gives it one. */
import { LOGO } from '../api/pages/brand.ts'

export const ICON: string = LOGO.toString()
  .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" color="#4338ca" ')
  .replace('class="dots"', 'fill="#ffffff"')
