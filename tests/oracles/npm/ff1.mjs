// Our FF1 and @noble/ciphers', in both directions.
import { ask } from './ours.mjs';

const RADICES = [2, 3, 10, 16, 26, 36, 62, 64, 94];
const KEY_SIZES = [16, 24, 32];
const TWEAK_SIZES = [0, 1, 7, 8, 15, 16, 17, 40, 255];
const LENGTHS = [16, 19, 20, 33, 64, 100, 256];
const LEAST_DOMAIN = 1e6;

function hex(bytes) {
  return bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex');
}

function leastLength(radix) {
  return Math.ceil(Math.log(LEAST_DOMAIN) / Math.log(radix) - 1e-9);
}

function* cases(random) {
  for (const radix of RADICES) {
    const least = leastLength(radix);
    for (const length of [least, least + 1, ...LENGTHS.filter((size) => size > least + 1)]) {
      for (const keySize of KEY_SIZES) {
        const tweak = random.bytes(random.of(TWEAK_SIZES));
        const numerals = Array.from({ length }, () => random.below(radix));
        yield { radix, key: random.bytes(keySize), tweak, numerals };
      }
    }
    // All tweak lengths at one length; and numerals at their ends, where carries are.
    for (const size of TWEAK_SIZES) {
      for (const numeral of [0, radix - 1]) {
        const numerals = Array(least + 3).fill(numeral);
        yield { radix, key: random.bytes(32), tweak: random.bytes(size), numerals };
      }
    }
  }
}

function line(direction, { radix, key, tweak, numerals }) {
  return [direction, radix, hex(key), hex(tweak), numerals.join(',')].join(' ');
}

// Returns how many comparisons there were; a difference is told to `report`.
export function compareFf1(ff1Check, FF1, random, report) {
  const all = [...cases(random)];
  let count = 0;
  for (const direction of ['encrypt', 'decrypt']) {
    const answers = ask(ff1Check, all.map((one) => line(direction, one)));
    all.forEach(({ radix, key, tweak, numerals }, at) => {
      const theirs = FF1(radix, key, tweak)[direction]([...numerals]).join(',');
      count += 1;
      if (theirs !== answers[at]) report(`ff1 ${direction}, radix ${radix}: ${numerals.length} ` +
        `numerals, key ${key.length}, tweak ${tweak.length}`);
    });
  }
  // The oracle has no floor (SP 800-38G Revision 1, second draft: a domain of 10^6 at least).
  const numerals = [1, 2, 3, 4, 5];
  const small = { radix: 10, key: random.bytes(32), tweak: random.bytes(0), numerals };
  const theirs = FF1(small.radix, small.key, small.tweak).encrypt([...numerals]);
  const [refused] = ask(ff1Check, [line('encrypt', small)]);
  if (theirs.length !== 5 || refused !== 'refused') report('ff1: the floor of the domain');
  return count + 1;
}
