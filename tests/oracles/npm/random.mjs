// Numbers that look random and are the same in each run (mulberry32), and what is drawn by them.

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // 0 to bound - 1.
  below(bound) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  of(list) {
    return list[this.below(list.length)];
  }

  // So many characters of an alphabet.
  text(count, alphabet) {
    return Array.from({ length: count }, () => this.of(alphabet)).join('');
  }

  digits(count) {
    return this.text(count, DIGITS);
  }

  bytes(count) {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

export const DIGITS = '0123456789';
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

// Another character of the same kind; separators stay.
function other(random, c) {
  const kind = [DIGITS, LETTERS].find((alphabet) => alphabet.includes(c));
  return kind === undefined ? c : random.of(kind.replace(c, ''));
}

// Near-twins of a value, as mistyped: one character changed, two neighbours swapped, one dropped,
// one doubled.
export function twins(random, value) {
  const at = random.below(value.length);
  const next = random.below(value.length - 1);
  return [
    value.slice(0, at) + other(random, value[at]) + value.slice(at + 1),
    value.slice(0, next) + value[next + 1] + value[next] + value.slice(next + 2),
    value.slice(0, at) + value.slice(at + 1),
    value.slice(0, at) + value[at] + value.slice(at),
  ];
}
