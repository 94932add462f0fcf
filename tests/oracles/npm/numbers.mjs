// Candidates: values of numbers, right and wrong, as generators of [format, value].
import { readFileSync } from 'node:fs';

import { DIGITS, LETTERS, twins } from './random.mjs';

const VECTORS = new URL('../../vectors/field_formats/', import.meta.url);

function readJson(url) {
  return JSON.parse(readFileSync(url, 'utf8'));
}

function legalVectors(format) {
  const { cases } = readJson(new URL(`${format}.json`, VECTORS));
  return cases.filter((one) => one.rule === null).map((one) => one.canonical);
}

// The digits with their Luhn check digit behind them.
function withLuhn(body) {
  let sum = 0;
  for (let at = 0; at < body.length; ++at) {
    const digit = Number(body[body.length - 1 - at]);
    sum += at % 2 === 1 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return body + ((10 - (sum % 10)) % 10);
}

// At and beside the ends of each range that credit-card-type knows, and anywhere, of each length.
export function* pans(random, { cardType, faker }) {
  const starts = new Set();
  for (const type of Object.values(cardType.types)) {
    for (const pattern of cardType.getTypeInfo(type).patterns) {
      const [first, last] = [pattern].flat().length === 2 ? pattern : [pattern, pattern];
      for (const start of [first - 1, first, last, last + 1]) starts.add(String(start));
    }
  }
  for (const start of starts) {
    for (let length = 11; length < 21; ++length) {
      yield ['pan', withLuhn(start + random.digits(length - 1 - start.length))];
    }
  }
  for (let start = 0; start < 10000; ++start) {
    const digits = String(start).padStart(4, '0');
    yield ['pan', withLuhn(digits + random.digits(11))];
  }
  for (let length = 8; length < 22; ++length) {
    for (const start of ['34', '4', '5000', '55', '6011', '62', '36', '3528', '1']) {
      const right = withLuhn(start + random.digits(length - 1 - start.length));
      for (const value of [right, ...twins(random, right)]) yield ['pan', value];
    }
  }
  for (let count = 0; count < 1500; ++count) {
    const value = faker.finance.creditCardNumber();
    yield ['pan', value];
    for (const twin of twins(random, value.replaceAll('-', ''))) yield ['pan', twin];
  }
}

// Numbers of nine digits with hyphens behind `cuts` of them; and what is nearly one.
function* nineDigits(random, format, value, cuts) {
  let written = value;
  for (const cut of cuts) written = `${written.slice(0, cut)}-${written.slice(cut)}`;
  yield [format, value];
  yield [format, written];
  for (const twin of twins(random, value)) yield [format, twin];
}

export function* ssns(random) {
  for (const area of ['000', '001', '078', '219', '665', '666', '667', '899', '900', '999']) {
    for (const group of ['00', '01', '05', '55', '99']) {
      for (const serial of ['0000', '0001', '1120', '5462', '9999']) {
        yield* nineDigits(random, 'ssn', area + group + serial, [5, 3]);
      }
    }
  }
  for (const value of [...VOID_SSNS, ...PRINTED_SSNS]) {
    yield* nineDigits(random, 'ssn', value, [5, 3]);
  }
  for (let count = 0; count < 1000; ++count) {
    yield* nineDigits(random, 'ssn', random.digits(9), [5, 3]);
  }
}

// Printed in advertisements: void, and others of which the SSA does not say so.
const VOID_SSNS = ['078051120', '219099999', '457555462'];
export const PRINTED_SSNS = [
  '111111111', '222222222', '333333333', '444444444', '555555555', '777777777', '888888888',
  '123123123', '002281852', '042103580', '062360749', '095073645', '128036045', '135016629',
  '141186941', '165167999', '165187999', '165207999', '165227999', '165247999', '189092294',
  '212097694', '212099999', '306302348', '308125070', '468288779', '549241889',
];

export function* eins(random) {
  for (let prefix = 0; prefix < 100; ++prefix) {
    for (let count = 0; count < 8; ++count) {
      const value = String(prefix).padStart(2, '0') + random.digits(7);
      yield* nineDigits(random, 'ein', value, [2]);
    }
  }
}

export function* ninos(random) {
  for (const first of LETTERS) {
    for (const second of LETTERS) {
      const body = first + second + random.digits(6);
      for (const suffix of ['A', 'D', random.of(LETTERS), '', ' ']) yield ['nino', body + suffix];
      for (const twin of twins(random, `${body}C`)) yield ['nino', twin];
    }
  }
  for (const suffix of LETTERS) yield ['nino', `AB ${random.digits(6)} ${suffix}`];
}

// All that a body of vat_bodies.json could be at its "!" and "$".
function* lastFree(body) {
  const at = body.search(/[!$]/);
  if (at < 0) {
    yield body;
    return;
  }
  for (const c of body[at] === '!' ? DIGITS : DIGITS + LETTERS) {
    yield* lastFree(body.slice(0, at) + c + body.slice(at + 1));
  }
}

function birthDigits(random) {
  return [random.below(100), random.below(100), 1 + random.below(28)]
    .map((two) => String(two).padStart(2, '0')).join('');
}

export const VAT_BODIES = readJson(new URL('../vat_bodies.json', import.meta.url)).bodies;

export function* vats(random) {
  const fill = { '?': () => random.digits(1), '·': () => random.digits(1),
    '@': () => random.of(LETTERS), '#': () => birthDigits(random) };
  for (const [country, bodies] of Object.entries(VAT_BODIES)) {
    for (const body of bodies) {
      for (let count = 0; count < (body.includes('!!') ? 20 : 80); ++count) {
        const filled = [...body].map((c) => (fill[c] ?? (() => c))()).join('');
        for (const number of lastFree(filled)) yield ['eu_vat', country + number];
      }
    }
  }
  for (const value of legalVectors('eu_vat')) {
    for (let count = 0; count < 5; ++count) {
      for (const twin of twins(random, value)) yield ['eu_vat', twin];
    }
  }
}

// The remainder by 97 of digits and letters (A is 10).
function mod97(text) {
  let remainder = 0;
  for (const c of text) {
    const value = parseInt(c, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}

function withCheckDigits(country, bban) {
  return country + String(98 - mod97(`${bban + country}00`)).padStart(2, '0') + bban;
}

// As `bban`, with other letters and digits.
function likeBban(random, bban) {
  return [...bban].map((c) => random.of(DIGITS.includes(c) ? DIGITS : LETTERS)).join('');
}

// Those of the registry's own examples, with other letters and digits; of each length; and with a
// letter where there is a digit, or the other way round.
export function* ibans(random, { ibantools, faker }) {
  const bbans = new Map(legalVectors('iban').map((iban) => [iban.slice(0, 2), iban.slice(4)]));
  for (const [country, spec] of Object.entries(ibantools.countrySpecs)) {
    if (!bbans.has(country)) bbans.set(country, '0'.repeat(spec.chars ? spec.chars - 4 : 18));
  }
  for (const [country, example] of bbans) {
    for (let count = 0; count < 15; ++count) {
      const bban = likeBban(random, example);
      const at = random.below(bban.length);
      const swapped = bban.slice(0, at) + (bban[at] > '9' ? '7' : 'Q') + bban.slice(at + 1);
      const right = withCheckDigits(country, bban);
      for (const other of [swapped, `${bban}0`, bban.slice(1)]) {
        yield ['iban', withCheckDigits(country, other)];
      }
      yield ['iban', right];
      for (const twin of twins(random, right)) yield ['iban', twin];
    }
  }
  for (let count = 0; count < 60; ++count) {
    const number = random.digits(18);
    const right = withCheckDigits('DE', number);
    const alias = { 97: '00', 98: '01', '02': '99' }[right.slice(2, 4)];
    if (alias !== undefined) yield ['iban', `DE${alias}${number}`];
  }
  for (let count = 0; count < 1500; ++count) yield ['iban', faker.finance.iban()];
}
