// System programs that some suites need. Installs the missing ones where it may (root and apt), else says which suites will be
// skipped and why. SIGILLO_NO_APT=1 forbids installing. CI=true makes a program still missing an error.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Debian package, the command that proves it is there (else dpkg is asked), and what cannot be tested without it. */
export const systemPackages = [
  { name: 'openssl', command: 'openssl', suites: 'signatures, certificates, CMS and time-stamps checked from outside' },
  { name: 'jq', command: 'jq', suites: "the bundle's recipe checked by hand" },
  { name: 'python3', command: 'python3', suites: 'the second verifier' },
  { name: 'softhsm2', command: 'softhsm2-util', suites: 'signer-pkcs11 with SoftHSM' },
  { name: 'xmlsec1', command: 'xmlsec1', suites: 'XML signatures checked from outside' },
  { name: 'libxml2-utils', command: 'xmllint', suites: 'messages against their schemas' },
  { name: 'opensc', command: 'opensc-tool', suites: 'signer-sam, the card seen from outside' },
  { name: 'pcscd', command: 'pcscd', suites: 'signer-sam over PC/SC' },
  { name: 'vsmartcard-vpcd', suites: 'signer-sam over PC/SC' },
  { name: 'libpcsclite-dev', suites: 'signer-sam over PC/SC' },
  { name: 'xfsprogs', command: 'xfs_io', suites: 'storage-fs on real file systems whose power is cut' },
  { name: 'chromium', command: 'chromium', suites: 'verification, the off-line log and a till in a browser' },
]

const say = (text) => process.stderr.write(`${text}\n`)
const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0
const found = ({ name, command }) =>
  command === undefined
    ? spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' }).stdout?.endsWith('ok installed') === true
    : (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/${command}`))

function install(missing) {
  const names = missing.map(({ name }) => name)
  say(`\n▸ Installing system packages for the tests: ${names.join(' ')}`)
  const apt = (...args) =>
    spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-qq', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0
  const get = (list) => apt('install', '-y', '--no-install-recommends', ...list)
  // A stale or empty package list is refreshed once; after that each package stands alone, so that one does not hide the rest.
  if (get(names) || (apt('update') && get(names))) return
  for (const name of names) get([name])
}

function main() {
  let missing = systemPackages.filter((row) => !found(row))
  if (missing.length === 0) return
  const may =
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    process.env.SIGILLO_NO_APT !== '1' &&
    works('apt-get', '--version')
  if (may) {
    install(missing)
    missing = missing.filter((row) => !found(row))
  }
  if (missing.length === 0) return
  say(`\nMissing system packages${may ? '' : ' (installing needs root and apt)'}; these tests will be skipped:`)
  for (const { name, suites } of missing) say(`  ${name.padEnd(16)} ${suites}`)
  if (process.env.CI === 'true') {
    say('CI=true: nothing may be skipped.')
    process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
