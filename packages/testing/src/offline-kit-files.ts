// Offline kit: files. Bytes come back as they went in, nothing is overwritten unasked, a name never leaves the store, one writer.
import { utf8 } from '@sigillo/core'
import type { OfflineStore } from '@sigillo/core/offline'
import { attempt, check, checkFails, checkSame } from './check.js'
import type { OfflineCase } from './offline-kit.js'

const allBytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31 + (i >> 8)) & 255)

async function checkHolds(store: OfflineStore, path: string, bytes: Uint8Array | undefined, what: string): Promise<void> {
  const found = await store.read(path)
  checkSame(found?.length, bytes?.length, `${what}: length of ${path}`)
  const at = bytes?.findIndex((byte, i) => byte !== found?.[i]) ?? -1
  check(at === -1, `${what}: ${path} differs at byte ${at}`)
}

/** Cases about files. */
export const fileCases: readonly OfflineCase[] = [
  {
    name: 'offline store: a file comes back byte for byte, here and to the next that opens the place',
    run: async ({ store, again }) => {
      const files: readonly (readonly [string, Uint8Array])[] = [
        ['counter.json', utf8('{"é":1}\n')],
        ['e/00000001.json', allBytes],
        ['e/quarantine/00000002.json', new Uint8Array()],
        // A view into a larger buffer: its neighbours are no part of the file.
        ['e/view.json', allBytes.subarray(1000, 1010)],
      ]
      for (const [path, bytes] of files) await store.create(path, bytes)
      for (const [path, bytes] of files) await checkHolds(store, path, bytes, 'this object')
      const next = await again()
      for (const [path, bytes] of files) await checkHolds(next, path, bytes, 'the next')
    },
  },
  {
    name: 'offline store: what a caller does with its bytes afterwards changes no file',
    run: async ({ store }) => {
      const bytes = Uint8Array.of(1, 2, 3)
      const made = store.create('a.json', bytes)
      bytes[0] = 9
      await made
      bytes[1] = 9
      const read = (await store.read('a.json')) as Uint8Array
      checkSame([...read].slice(1), [2, 3], 'after the call')
      checkSame(read[0], 1, 'during the call')
      read[2] = 9
      await checkHolds(store, 'a.json', Uint8Array.of(1, 2, 3), 'after a reader wrote into what it got')
    },
  },
  {
    name: 'offline store: what is not there reads as undefined and lists as empty',
    run: async ({ store }) => {
      checkSame(await store.list(''), [], 'an empty place')
      checkSame(await store.read('a.json'), undefined, 'a file of an empty place')
      await store.create('e/1.json', Uint8Array.of(1))
      checkSame(await store.read('e/2.json'), undefined, 'a missing file')
      checkSame(await store.read('e'), undefined, 'a folder is no file')
      checkSame(await store.read('e/1.json/x'), undefined, 'below a file')
      checkSame(await store.list('f'), [], 'a missing folder')
      checkSame(await store.list('e/1.json'), [], 'a file is no folder')
    },
  },
  {
    name: 'offline store: a list holds the names directly below, files and folders, sorted',
    run: async ({ store, again }) => {
      const paths = [
        'counter.json',
        'a/2.json',
        'a/1.json',
        'a/q/1.json',
        'a/q/2.json',
        'a-b/1.json',
        'ab/1.json',
        'a.json',
        'A/1.json',
      ]
      for (const path of paths) await store.create(path, utf8(path))
      for (const each of [store, await again()]) {
        checkSame(await each.list(''), ['A', 'a', 'a-b', 'a.json', 'ab', 'counter.json'], 'the top')
        checkSame(await each.list('a'), ['1.json', '2.json', 'q'], 'a folder')
        checkSame(await each.list('a/q'), ['1.json', '2.json'], 'a folder in a folder')
      }
    },
  },
  {
    name: 'offline store: hundreds of files keep their order and their bytes',
    run: async ({ store }) => {
      const names = Array.from({ length: 200 }, (_, i) => `${String(i + 1).padStart(8, '0')}.json`)
      await Promise.all([...names].reverse().map((name) => store.create(`e/${name}`, utf8(name))))
      checkSame(await store.list('e'), names, 'names')
      for (const name of names) await checkHolds(store, `e/${name}`, utf8(name), 'bytes')
    },
  },
  {
    name: 'offline store: a file is made once; a second making is refused and changes nothing',
    run: async ({ store, again }) => {
      await store.create('e/1.json', utf8('first'))
      await checkFails(() => store.create('e/1.json', utf8('second')), ['STORAGE_CONFLICT'], 'the same name')
      const next = await again()
      await checkFails(() => next.create('e/1.json', utf8('third')), ['STORAGE_CONFLICT'], 'the same name from elsewhere')
      await checkHolds(next, 'e/1.json', utf8('first'), 'after the refusals')
    },
  },
  {
    name: 'offline store: of many that make one file at once, one wins and its bytes stand',
    run: async ({ store }) => {
      const texts = Array.from({ length: 8 }, (_, i) => `writer ${i}`)
      const outcomes = await Promise.all(texts.map((text) => attempt(() => store.create('e/1.json', utf8(text)))))
      const winners = texts.filter((_, i) => 'value' in (outcomes[i] as object))
      checkSame(winners.length, 1, 'winners')
      await checkHolds(store, 'e/1.json', utf8(winners[0] as string), 'the winner')
    },
  },
  {
    name: 'offline store: a file is replaced whole, longer or shorter, whether it was there or not',
    run: async ({ store, again }) => {
      for (const bytes of [utf8('one'), allBytes, utf8('two'), new Uint8Array()]) {
        await store.replace('e/head.json', bytes)
        await checkHolds(store, 'e/head.json', bytes, 'this object')
        await checkHolds(await again(), 'e/head.json', bytes, 'the next')
      }
      const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(100 * (i + 1)))
      await Promise.all(texts.map((text) => store.replace('e/head.json', utf8(text))))
      const left = new TextDecoder().decode(await store.read('e/head.json'))
      check(texts.includes(left), 'of replacements at once one stands, whole')
      checkSame(await store.list('e'), ['head.json'], 'nothing else stays behind')
    },
  },
  {
    name: 'offline store: a move leaves the bytes and overwrites nothing',
    run: async ({ store, again }) => {
      await store.create('e/2.json', allBytes)
      await store.create('e/3.json', utf8('three'))
      await store.move('e/2.json', 'e/quarantine/2.json')
      checkSame(await store.list('e'), ['3.json', 'quarantine'], 'the folder')
      await checkHolds(await again(), 'e/quarantine/2.json', allBytes, 'moved')
      await checkFails(() => store.move('e/3.json', 'e/quarantine/2.json'), ['STORAGE_CONFLICT'], 'onto a file')
      check('error' in (await attempt(() => store.move('e/4.json', 'e/quarantine/4.json'))), 'what is not there cannot be moved')
      await checkHolds(store, 'e/3.json', utf8('three'), 'after the refusal')
      await checkHolds(store, 'e/quarantine/2.json', allBytes, 'after the refusal')
      checkSame(await store.list('e/quarantine'), ['2.json'], 'after the refusals')
    },
  },
  {
    name: 'offline store: a name that would leave the store is refused by every call',
    run: async ({ store }) => {
      const bytes = Uint8Array.of(1)
      await store.create('a.json', bytes)
      for (const name of [
        '',
        '.',
        '..',
        '../a.json',
        'a/../b',
        '/a',
        'a/',
        'a//b',
        'a b',
        'a\\b',
        'a\u0000',
        'é',
        '.a',
        'x'.repeat(129),
      ]) {
        const what = JSON.stringify(name)
        await checkFails(() => store.read(name), ['OPTION_INVALID'], `read ${what}`)
        await checkFails(() => store.create(name, bytes), ['OPTION_INVALID'], `create ${what}`)
        await checkFails(() => store.replace(name, bytes), ['OPTION_INVALID'], `replace ${what}`)
        await checkFails(() => store.move('a.json', name), ['OPTION_INVALID'], `move to ${what}`)
        await checkFails(() => store.move(name, 'b.json'), ['OPTION_INVALID'], `move from ${what}`)
        if (name !== '') await checkFails(() => store.list(name), ['OPTION_INVALID'], `list ${what}`)
      }
      checkSame(await store.list(''), ['a.json'], 'what is there')
    },
  },
  {
    name: 'offline store: one writer at a time; the next comes in when it is let go',
    run: async ({ store, again }) => {
      const unlock = await store.lock()
      const other = await again()
      await checkFails(() => other.lock(), ['OFFLINE_LOCKED'], 'while it is held')
      await checkFails(() => store.lock(), ['OFFLINE_LOCKED'], 'by the same object')
      await store.create('a.json', utf8('kept'))
      await unlock()
      const unlockOther = await other.lock()
      await unlock()
      await checkFails(() => store.lock(), ['OFFLINE_LOCKED'], 'letting go twice does not open another’s lock')
      await checkHolds(other, 'a.json', utf8('kept'), 'under the next lock')
      await unlockOther()
    },
  },
  {
    name: 'offline store: when space is short it says so, keeps every file, and goes on when there is space again',
    full: true,
    run: async ({ store, again, fill }) => {
      const large = new Uint8Array(65_536).fill(7)
      await store.create('e/1.json', utf8('one'))
      await store.replace('e/head.json', utf8('old'))
      const free = await fill()
      await checkFails(() => store.create('e/2.json', large), ['STORAGE_FULL'], 'a new file')
      await checkFails(() => store.replace('e/head.json', large), ['STORAGE_FULL'], 'a replacement')
      const other = await again()
      for (const each of [store, other]) {
        checkSame(await each.list('e'), ['1.json', 'head.json'], 'names')
        await checkHolds(each, 'e/1.json', utf8('one'), 'the file before')
        await checkHolds(each, 'e/head.json', utf8('old'), 'the file that was to be replaced')
      }
      await free()
      await store.create('e/2.json', large)
      await checkHolds(store, 'e/2.json', large, 'with space again')
    },
  },
]
