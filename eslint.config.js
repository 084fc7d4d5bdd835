import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'

const HTTP = ['fastify', 'fastify/*', '@fastify/*', 'fastify-plugin', 'ws']
const DATABASE = ['/postgres', 'drizzle-orm*', '@electric-sql/*']
const REDIS = ['ioredis']
const MAIL = ['nodemailer', 'resend']
const METRICS = ['prom-client']
const TRACES = ['@opentelemetry/*']

/**
 * The import arrow: api → domain → ports, and back bus → realtime → codec → socket. For each folder of `src`: the
 * folders that it may import from beside itself, and the packages that it must not use.
 */
const FOLDERS = {
  server: {
    imports: [
      'config', 'preflight', 'api', 'domain', 'realtime', 'integrations', 'jobs', 'store', 'bus', 'presence', 'mail',
      'files', 'rate-limits', 'observability', 'lib', 'web'
    ],
    without: []
  },
  preflight: {
    imports: ['config', 'store', 'lib'], without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  config: { imports: ['store', 'lib'], without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES] },
  api: {
    imports: ['config', 'domain', 'realtime', 'files', 'rate-limits', 'observability', 'lib', 'server'],
    without: [...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  domain: {
    imports: ['store', 'bus', 'mail', 'files', 'rate-limits', 'observability', 'lib'],
    without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  realtime: {
    imports: ['domain', 'bus', 'presence', 'observability', 'lib'],
    without: ['fastify', 'fastify/*', '@fastify/*', ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  integrations: {
    imports: ['domain', 'lib'],
    without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  jobs: {
    imports: ['domain', 'store', 'mail', 'files', 'lib'],
    without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  store: {
    imports: ['observability', 'lib'],
    without: [...HTTP, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  bus: { imports: ['lib'], without: [...HTTP, ...DATABASE, ...MAIL, ...METRICS, ...TRACES] },
  presence: { imports: ['lib'], without: [...HTTP, ...DATABASE, ...MAIL, ...METRICS, ...TRACES] },
  mail: { imports: ['store', 'config', 'lib'], without: [...HTTP, ...DATABASE, ...REDIS, ...METRICS, ...TRACES] },
  files: {
    imports: ['config', 'observability', 'lib'],
    without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES]
  },
  'rate-limits': { imports: ['observability', 'lib'], without: [...HTTP, ...DATABASE, ...MAIL, ...METRICS, ...TRACES] },
  observability: { imports: ['lib'], without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL] },
  lib: { imports: [], without: [...HTTP, ...DATABASE, ...MAIL, ...METRICS, ...TRACES] },
  admin: {
    imports: [
      'config', 'preflight', 'domain', 'integrations', 'realtime', 'store', 'bus', 'files', 'rate-limits', 'lib'
    ],
    without: [...HTTP, ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES],
    never: ['**/realtime/*', '!**/realtime/user-events.ts']
  },
  client: { imports: [], without: ['node:*', 'react', 'react-dom', ...HTTP] },
  web: {
    imports: ['api', 'client'],
    without: [...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES],
    never: ['**/api/*', '!**/api/pages']
  },
  demo: {
    imports: ['api', 'bus', 'client', 'config', 'server', 'store'],
    without: [...HTTP.filter((name) => name !== 'ws'), ...DATABASE, ...REDIS, ...MAIL, ...METRICS, ...TRACES],
    never: [
      '**/api/*', '!**/api/pages', '**/store/*', '!**/store/embedded', '!**/client/files', '!**/client/files/index.ts'
    ]
  }
}

/** The faces of the API: none of them, and nothing that they share, knows another one. */
const FACES = ['**/chatcli/**', '**/emotechat/**', '**/v1/**']

/** Narrower rules inside a folder; each replaces that of the folder. */
const SUBFOLDERS = {
  'api/chatcli': { never: FACES.filter((face) => face !== '**/chatcli/**') },
  'api/emotechat': { never: FACES.filter((face) => face !== '**/emotechat/**') },
  'api/v1': { never: FACES.filter((face) => face !== '**/v1/**') },
  'api/http': { never: [...FACES, '**/openapi/**', '**/ops/**'] },
  'api/openapi': { never: [...FACES, '**/ops/**'] },
  'api/ops': { imports: [...FOLDERS.api.imports, 'store', 'bus'], never: [...FACES, '**/openapi/**'] },
  'api/pages': { never: [...FACES, '**/openapi/**', '**/ops/**', '**/http/**'] },
  'client/react': { never: ['!react'] },
  'client/server': { never: ['!node:crypto'] },
  'observability/metrics': { without: TRACES },
  'observability/tracing': { without: METRICS },
  'web/app': {
    imports: ['client'],
    without: ['node:*', ...HTTP],
    never: [
      '**/client/**', '!**/client/index.ts',
      ...['accounts', 'files', 'history', 'management', 'moderation', 'push', 'push-worker', 'search', 'shared']
        .flatMap((entry) => [`!**/client/${entry}`, `!**/client/${entry}/index.ts`])
    ]
  }
}

function importRules () {
  const names = Object.keys(FOLDERS)
  const rule = (folder, { imports, without, never = [] }) => {
    const room = folder.split('/')[0]
    const foreign = names.filter((name) => name !== room && !imports.includes(name)).map((name) => `**/${name}/**`)
    const message = `src/${folder} may import ${imports.join(', ') || 'itself'} only.`
    const patterns = [{ group: [...foreign, ...without, ...never], message }]
    return {
      files: [`src/${folder}/**`],
      rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] }
    }
  }
  return [
    ...Object.entries(FOLDERS).map(([folder, own]) => rule(folder, own)),
    ...Object.entries(SUBFOLDERS).map(([folder, { without = [], ...own }]) => {
      const parent = FOLDERS[folder.split('/')[0]]
      return rule(folder, { ...parent, ...own, without: [...parent.without, ...without] })
    })
  ]
}

const PAGE_SINKS = [
  'innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'write', 'createContextualFragment'
]

// The rules that need types are oxlint's, in .oxlintrc.json: it takes a tenth of the time for them.
export default tseslint.config(
  { ignores: ['dist/', 'dist-bench/', 'dist-client/', 'dist-test/', 'node_modules/', '.tap/', 'data/', 'coverage/'] },
  ...tseslint.configs.strict,
  stylistic.configs.customize({ indent: 2, quotes: 'single', semi: false, commaDangle: 'never', braceStyle: '1tbs' }),
  {
    rules: {
      '@stylistic/max-len': ['error', { code: 120, ignoreRegExpLiterals: true, ignorePattern: '^  \\w+: \'M[\\d ]' }],
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      '@stylistic/operator-linebreak': [
        'error', 'after', { overrides: { '?': 'before', ':': 'before', '|': 'before' } }
      ],
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/jsx-quotes': ['error', 'prefer-single'],
      '@stylistic/jsx-one-expression-per-line': 'off',
      '@stylistic/jsx-max-props-per-line': 'off',
      '@stylistic/jsx-first-prop-new-line': 'off',
      '@stylistic/jsx-closing-bracket-location': 'off',
      '@stylistic/jsx-closing-tag-location': 'off',
      '@stylistic/jsx-wrap-multilines': 'off',
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/arrow-parens': ['error', 'always'],
      '@stylistic/member-delimiter-style': [
        'error', { multiline: { delimiter: 'none' }, singleline: { delimiter: 'comma' } }
      ],
      '@stylistic/generator-star-spacing': ['error', 'both'],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', {
        selector: 'CallExpression[callee.object.name=\'sql\'][callee.property.name=\'raw\']',
        message: 'Values reach SQL as bound parameters only.'
      }],
      'no-restricted-properties': ['error', {
        object: 'process', property: 'env', message: 'src/config/ is the only reader of the environment.'
      }]
    }
  },
  {
    files: [
      'src/main.ts', 'src/cli.ts', 'src/demo/main.ts', 'src/demo/replica.ts', 'drizzle/config.ts',
      'conformance/main.ts', 'test/**', 'bench/**', 'examples/**'
    ],
    rules: { 'no-restricted-properties': 'off' }
  },
  {
    files: ['test/**', 'bench/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }]
    }
  },
  {
    // What is promised to everybody is tried from outside.
    files: ['conformance/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        patterns: [{ group: ['**/src/**', '**/test/**', '**/bench/**'], message: 'The kit knows no source of Confab.' }]
      }]
    }
  },
  {
    files: ['test/**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        paths: [{ name: 'tap', message: 'Import test/support/tap.ts: many files share a process.' }]
      }]
    }
  },
  {
    // An element of markup, a rule of CSS or a line of a script is one line.
    files: [
      'src/api/pages/**', 'src/api/*/pages/**', 'src/api/openapi/page/**', 'src/api/openapi/error-catalogue.ts',
      'src/mail/layout.ts', 'src/demo/conversations.ts', 'src/demo/control.ts', 'src/web/page.ts'
    ],
    rules: { '@stylistic/max-len': ['error', { code: 120, ignoreRegExpLiterals: true, ignoreTemplateLiterals: true }] }
  },
  ...importRules(),
  {
    // The service worker hands on what the page asks for.
    files: ['src/web/app/**'],
    ignores: ['src/web/app/worker/**'],
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource', 'eval'],
      'no-restricted-properties': ['error', ...PAGE_SINKS.map((property) => ({
        property, message: 'Text reaches the document as text only.'
      }))]
    }
  }
)
