// Our formats of numbers and FF1 agree with npm packages of other authors.
//
// Draws candidates with a fixed seed (faker's too), asks field_check and the packages, and fails
// at each difference that no line of npm/pins.mjs names, and at each pin that no candidate meets.
// Of what we take, canonicalising again changes nothing and masks show no more than they may.
//
// Usage: node npm_oracles.mjs FIELD_CHECK FF1_CHECK DIRECTORY (where node_modules is)
import { createRequire } from 'node:module';
import path from 'node:path';

import { compareFf1 } from './npm/ff1.mjs';
import { maskFlaw } from './npm/masks.mjs';
import { eins, ibans, ninos, pans, ssns, vats, VAT_BODIES } from './npm/numbers.mjs';
import { judge } from './npm/ours.mjs';
import { LOCALES, people } from './npm/people.mjs';
import { phones } from './npm/phones.mjs';
import { PINS } from './npm/pins.mjs';
import { Random } from './npm/random.mjs';
import { verdicts } from './npm/verdicts.mjs';

const SEED = 20240229;
const TODAY = '2026-01-01T00:00:00.000Z'; // field_check's
const MOST_SHOWN = Number(process.env.FIELDKMS_MOST_SHOWN ?? 10);
const [fieldCheck, ff1Check, directory] = process.argv.slice(2);

// Differences, by what they are of.
const wrong = new Map();

function report(of, text) {
  const count = (wrong.get(of) ?? 0) + 1;
  wrong.set(of, count);
  if (count <= MOST_SHOWN) console.log(`${of}: ${text}`);
}

function loadPackages() {
  const load = createRequire(path.resolve(directory, 'package.json'));
  const { fakerEN: faker, ...others } = load('@faker-js/faker');
  const fakers = Object.fromEntries(Object.keys(LOCALES).map(
    (locale) => [locale, others[`faker${locale}`]]));
  for (const one of [faker, ...Object.values(fakers)]) {
    one.seed(SEED);
    one.setDefaultRefDate(TODAY);
  }
  return {
    faker, fakers,
    cardType: load('credit-card-type'), cardValidator: load('card-validator'),
    ff1: load('@noble/ciphers/ff1').FF1, ibantools: load('ibantools'), jsvat: load('jsvat'),
    phone: load('libphonenumber-js/max'),
    phoneExamples: load('libphonenumber-js/examples.mobile.json'),
    stdnum: load('stdnum').stdnum,
  };
}

const packages = loadPackages();

function drawCandidates() {
  const lines = new Map(); // each once
  // Each with its own numbers, so that a change of one leaves the others what they are.
  for (const source of [pans, ssns, eins, ninos, vats, ibans, phones, people]) {
    for (const pair of source(new Random(SEED), packages)) lines.set(pair.join('\t'), pair);
  }
  return [...lines.values()];
}

// The first pin of a difference; undefined: there is none.
function pinOf({ oracle, format, value, says, rule }) {
  return PINS.find((pin) => pin.oracle === oracle && pin.format === format && pin.says === says &&
    pin.rules.includes(rule) && pin.fits(value, packages));
}

function compareWithOracles(candidates, ours, met) {
  const oracles = verdicts(packages);
  let asked = 0;
  candidates.forEach(([format, value], at) => {
    const { rule } = ours[at];
    for (const [oracle, ofFormat, says] of oracles) {
      const said = ofFormat === format ? says(value, ours[at]) : undefined;
      if (said === undefined) continue;
      asked += 1;
      if (said === (rule === null)) continue;
      const pin = pinOf({ oracle, format, value, says: said, rule });
      if (pin !== undefined) met.set(pin, (met.get(pin) ?? 0) + 1);
      else report(`${oracle} ${format}`, `${value}: it says ${said}, we ${rule ?? 'take it'}`);
    }
  });
  return asked;
}

// What faker says of people is legal.
function compareWithFaker(candidates, ours, met) {
  const formats = ['email', 'person_name', 'date_of_birth', 'postal_address'];
  candidates.forEach(([format, value], at) => {
    const { rule } = ours[at];
    if (rule === null || !formats.includes(format)) return;
    const pin = pinOf({ oracle: 'faker', format, value, says: true, rule });
    if (pin !== undefined) met.set(pin, (met.get(pin) ?? 0) + 1);
    else report(`faker ${format}`, `${JSON.stringify(value)}: we say ${rule}`);
  });
}

function checkLegal(candidates, ours) {
  const legal = candidates.map(([format, value], at) => ({ format, value, ...ours[at] }))
    .filter(({ rule }) => rule === null);
  const again = judge(fieldCheck, legal.map(({ format, canonical }) => [format, canonical]));
  legal.forEach(({ format, value, ...judged }, at) => {
    if (again[at].canonical !== judged.canonical) report(`canonical ${format}`, `${value} again`);
    const flaw = maskFlaw(format, value, judged);
    if (flaw !== null) report(`mask ${format}`, `${value}: ${flaw}`);
  });
  return legal;
}

// Formats, and countries of VAT, of which nothing was legal were not compared.
function blindSpots(candidates, legal) {
  const of = ({ format, canonical }) => (format === 'eu_vat' ? canonical.slice(0, 2) : format);
  const seen = new Set(legal.map(of));
  const countries = Object.keys(VAT_BODIES).filter((code) => !['CH', 'GB', 'GR'].includes(code));
  const formats = new Set(candidates.map(([format]) => format));
  formats.delete('eu_vat');
  return [...formats, ...countries].filter((name) => !seen.has(name));
}

function main() {
  const candidates = drawCandidates();
  const ours = judge(fieldCheck, candidates);
  const met = new Map();
  const asked = compareWithOracles(candidates, ours, met);
  compareWithFaker(candidates, ours, met);
  const legal = checkLegal(candidates, ours);
  const ff1 = compareFf1(ff1Check, packages.ff1, new Random(SEED), (text) => report('ff1', text));
  for (const pin of PINS.filter((one) => !met.has(one))) report('pins not met', pin.name);
  for (const name of blindSpots(candidates, legal)) report('not compared', name);
  console.log(`${candidates.length} values, ${legal.length} of them legal, ${asked} answers of ` +
    `oracles and ${ff1} of FF1`);
  for (const [pin, count] of met) console.log(`  ${pin.oracle}, ${pin.name}: ${count}`);
  if (wrong.size > 0) console.log('not agreed:', Object.fromEntries(wrong));
  process.exitCode = wrong.size > 0 ? 1 : 0;
}

main();
