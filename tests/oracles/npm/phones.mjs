// Candidates: telephone numbers, as a generator of [format, value].
import { twins } from './random.mjs';

export function* phones(random, { phone, phoneExamples, fakers }) {
  for (const country of phone.getCountries()) {
    const example = phone.getExampleNumber(country, phoneExamples);
    if (example === undefined) continue;
    yield ['phone', example.formatInternational()];
    yield ['phone', example.formatNational()];
    for (let count = 0; count < 8; ++count) {
      const digits = example.number.slice(1);
      for (const twin of [digits, ...twins(random, digits)]) yield ['phone', `+${twin}`];
    }
  }
  // Each start that could be a country code, with numbers of each length behind it.
  for (let code = 0; code < 1000; ++code) {
    for (let length = 2; length < 14; length += 1 + random.below(3)) {
      yield ['phone', `+${String(code).padStart(3, '0')}${random.digits(length)}`];
    }
  }
  for (const faker of Object.values(fakers)) {
    for (let count = 0; count < 40; ++count) {
      yield ['phone', faker.phone.number({ style: 'international' })];
      yield ['phone', faker.phone.number({ style: 'human' })];
    }
  }
}
