/** The icons: lines of 24 × 24, in the colour of the text around them. */

/** The paths by their names. */
const PATHS = {
  archive: 'M3 5h18v4H3zM5 9v10h14V9M10 13h4',
  back: 'M15 5l-7 7 7 7',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20a2 2 0 0 0 4 0',
  bellOff: 'M6 16V11c0-1 .3-2 .7-2.8M9 5.6A6 6 0 0 1 18 11v5M4.5 18H16M10 20a2 2 0 0 0 4 0M4 4l16 16',
  block: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.7 5.7l12.6 12.6',
  bold: 'M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z',
  check: 'M5 12.5l4.5 4.5L19 7',
  checks: 'M2 12.5l4.5 4.5L15 7M11 16l1 1L21 7',
  chevron: 'M6 9l6 6 6-6',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  close: 'M6 6l12 12M18 6L6 18',
  compose: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  down: 'M12 5v14M6 13l6 6 6-6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  edit: 'M4 20h4L19 9l-4-4L4 16z',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  flag: 'M6 21V4h12l-2.5 4.5L18 13H6',
  forward: 'M14 6l6 5.5-6 5.5v-3.5c-5 0-8 1.5-10 4 .5-5 4-8.5 10-8.5z',
  forwards: 'M9 5l7 7-7 7',
  globe: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3.5 3 3.5 15 0 18M12 3c-3.5 3-3.5 15 0 18',
  group: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17 14c2.5.5 4 3 4 6',
  hash: 'M9.5 4l-2 16M16.5 4l-2 16M4.5 9h16M3.5 15h16',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.01',
  key: 'M7.5 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11.5 12H21v3.5M17 12v3',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  megaphone: 'M4 10v4h3l9 5V5l-9 5zM19 9.5a4 4 0 0 1 0 5M8 14v5h3',
  microphone: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  more: 'M12 5.25a.75.75 0 1 0 0 1.5.75.75 0 0 0 0-1.5zM12 11.25a.75.75 0 1 0 0 1.5.75.75 0 0 0 0-1.5zM12 17.25a.75.75 0 1 0 0 1.5.75.75 0 0 0 0-1.5z',
  palette: 'M12 3a9 9 0 1 0 0 18c1.7 0 1.7-2 1-3s0-3 2-3h3a3 3 0 0 0 3-3c0-5-4-9-9-9zM7.5 11v.01M10.5 7.5v.01M15 7.5v.01',
  paperclip: 'M19.5 11l-8 8a5 5 0 0 1-7-7l8-8a3.3 3.3 0 0 1 4.7 4.7l-8 8a1.7 1.7 0 0 1-2.4-2.4l7-7',
  pause: 'M8.5 5v14M15.5 5v14',
  pin: 'M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6',
  play: 'M8 5l11 7-11 7z',
  plus: 'M12 5v14M5 12h14',
  reply: 'M10 6L4 11.5 10 17v-3.5c5 0 8 1.5 10 4-.5-5-4-8.5-10-8.5z',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5',
  send: 'M4 12L3.5 4.5 21 12 3.5 19.5zM4 12h8',
  server: 'M4 4h16v7H4zM4 13h16v7H4zM8 7.5v.01M8 16.5v.01',
  settings: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1',
  shield: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z',
  signOut: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5c1.5 2.5 5.5 2.5 7 0M9 9.5v.01M15 9.5v.01',
  snow: 'M12 3v18M4.2 7.5l15.6 9M4.2 16.5l15.6-9',
  thread: 'M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.5-6.5 8-6.5s8 2.5 8 6.5',
  userPlus: 'M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2.5 21c0-4 3.2-6.5 7.5-6.5 1.5 0 2.8.3 3.9.8M18 14v6M15 17h6',
  warning: 'M12 4l9 16H3zM12 10v4M12 17v.01'
} as const

/** The name of an icon. */
export type IconName = keyof typeof PATHS

/** An icon without a meaning of its own: the element around it has the name. */
export function Icon ({ name, class: className = '' }: { name: IconName, class?: string }) {
  return (
    <svg class={`icon ${className}`} viewBox='0 0 24 24' aria-hidden='true' focusable='false'>
      <path d={PATHS[name]} />
    </svg>
  )
}

/** The logo. */
export function Logo () {
  return (
    <svg class='logo' viewBox='0 0 32 32' aria-hidden='true' focusable='false'>
      <path
        fill='currentColor'
        d='M9 4h14a6 6 0 0 1 6 6v8a6 6 0 0 1-6 6h-8.5l-6 4.6a.9.9 0 0 1-1.5-.7V24a6 6 0 0 1-4-6v-8a6 6 0 0 1 6-6z'
      />
      <g class='dots'>
        <circle cx='10.2' cy='14' r='1.9' />
        <circle cx='16' cy='14' r='1.9' />
        <circle cx='21.8' cy='14' r='1.9' />
      </g>
    </svg>
  )
}

/** The names of all icons, for the style guide. */
export const ICON_NAMES: readonly string[] = Object.keys(PATHS)

/** Whether there is an icon of that name. */
export function isIconName (name: string): name is IconName {
  return name in PATHS
}
