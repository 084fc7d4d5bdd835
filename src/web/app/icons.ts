/** Icons: strokes on a grid of 24 by 24, in the colour of the surrounding text. */
const NAMESPACE = 'http://www.w3.org/2000/svg'

const PATHS = {
  back: 'M15 5l-7 7 7 7',
  send: 'M5 12h13M12 5l7 7-7 7',
  plus: 'M12 5v14M5 12h14',
  down: 'M12 5v14M6 13l6 6 6-6',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17.4v.1',
  leave: 'M10 4H5v16h5M14 8l4 4-4 4M9 12h9',
  key: 'M15 4a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11.5 12.5L4 20v-3M7 17l2 2',
  bin: 'M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7',
  close: 'M6 6l12 12M18 6L6 18'
} as const

/** Name of an icon. */
export type IconName = keyof typeof PATHS

/** An icon that is hidden from screen readers: its surroundings have a text. */
export function icon (name: IconName): SVGElement {
  const svg = document.createElementNS(NAMESPACE, 'svg')
  for (const [attribute, value] of Object.entries({
    viewBox: '0 0 24 24',
    class: 'icon',
    'aria-hidden': 'true',
    focusable: 'false'
  }))
    svg.setAttribute(attribute, value)
  const path = document.createElementNS(NAMESPACE, 'path')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}

/** The logo is in the page that loaded this script. */
const logo = document.querySelector('.boot svg')

/** A copy of the logo. */
export function mark (): Node {
  const copy = logo?.cloneNode(true)
  if (!(copy instanceof SVGElement)) return document.createTextNode('')
  copy.classList.add('mark')
  return copy
}
