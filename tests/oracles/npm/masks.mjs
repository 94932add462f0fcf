// What a mask may show, written anew from docs/fields.md: the whole mask of a legal value.

const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' });

function first(text) {
  for (const { segment } of clusters.segment(text)) return segment;
  return '';
}

function stars(count) {
  return '*'.repeat(count);
}

function lastOf(value, count) {
  return value.slice(value.length - count);
}

function grouped(text) {
  return text.match(/.{1,4}/g).join(' ');
}

function email(canonical) {
  const [local, domain] = canonical.split('@');
  return `${first(local)}***@${first(domain)}***.${domain.split('.').at(-1)}`;
}

function personName(_, original) {
  const words = original.normalize('NFC').split(/\p{White_Space}+/u).filter((word) => word !== '');
  const shown = words.length === 1 ? [words[0]] : [words[0], words.at(-1)];
  return shown.map((word) => `${first(word)}***`).join(' ');
}

function vat(canonical) {
  const shown = canonical.length < 7 ? 0 : 2;
  return canonical.slice(0, 2) + stars(canonical.length - 2 - shown) + lastOf(canonical, shown);
}

const MASKS = {
  pan: (canonical) => stars(canonical.length - 4) + lastOf(canonical, 4),
  ssn: (canonical) => `***-**-${lastOf(canonical, 4)}`,
  ein: (canonical) => `**-***${lastOf(canonical, 4)}`,
  nino: (canonical) => `** ** ** *${canonical[7]} ${canonical[8]}`,
  eu_vat: vat,
  iban: (canonical) => grouped(
    canonical.slice(0, 4) + stars(canonical.length - 8) + lastOf(canonical, 4)),
  email,
  person_name: personName,
  date_of_birth: (canonical) => `${canonical.slice(0, 4)}-**-**`,
  postal_address: (canonical) => `***, ***, ${lastOf(canonical, 2).toUpperCase()}`,
};

// Country code and at most three of the last digits; four at least are hidden (of a number of
// fewer behind its country code, all).
function phoneMaskHolds(canonical, masked) {
  const parts = /^\+(\d{1,3})(\*+)(\d{0,3})$/.exec(masked);
  if (parts === null || masked.length !== canonical.length) return false;
  const [, code, hidden, shown] = parts;
  return canonical.startsWith(`+${code}`) && canonical.endsWith(shown) &&
    (hidden.length >= 4 || shown === '');
}

// PCI DSS 3.4.1 and PCI SSC FAQ 1091: BIN (8 of 16 digits and more, else 6) and last four, with
// at least four hidden, five of 15.
function panLevelHolds(canonical, masked) {
  const parts = /^(\d*)(\*+)(\d*)$/.exec(masked);
  if (parts === null || masked.length !== canonical.length) return false;
  const [, bin, hidden, last] = parts;
  return bin.length <= (canonical.length >= 16 ? 8 : 6) && last.length <= 4 &&
    hidden.length >= (canonical.length === 15 ? 5 : 4) &&
    canonical.startsWith(bin) && canonical.endsWith(last);
}

// What is wrong with the masks of a legal value; null: nothing.
export function maskFlaw(format, original, { canonical, masked, binLast4 }) {
  const holds = format === 'phone' ? phoneMaskHolds(canonical, masked)
    : masked === MASKS[format](canonical, original);
  if (!holds) return `the mask ${masked}`;
  const levelHolds = format === 'pan' ? panLevelHolds(canonical, binLast4) : binLast4 === masked;
  return levelHolds ? null : `what bin_last4 shows, ${binLast4}`;
}
