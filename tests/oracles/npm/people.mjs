// What faker says of people in several countries, as a generator of [format, value].

// Faker's locale, and the country of its addresses.
export const LOCALES = {
  EN_US: 'US', EN_GB: 'GB', EN_CA: 'CA', EN_AU: 'AU', EN_IN: 'IN', EN_IE: 'IE', DE: 'DE',
  DE_AT: 'AT', DE_CH: 'CH', FR: 'FR', FR_BE: 'BE', ES: 'ES', IT: 'IT', NL: 'NL', PL: 'PL',
  PT_PT: 'PT', PT_BR: 'BR', CS_CZ: 'CZ', SK: 'SK', SV: 'SE', DA: 'DK', FI: 'FI', NB_NO: 'NO',
  HU: 'HU', HR: 'HR', RO: 'RO', EL: 'GR', TR: 'TR', UK: 'UA', RU: 'RU', HE: 'IL', AR: 'EG',
  FA: 'IR', UR: 'PK', NE: 'NP', BN_BD: 'BD', TA_IN: 'IN', TH: 'TH', VI: 'VN', ID_ID: 'ID',
  KO: 'KR', JA: 'JP', ZH_CN: 'CN', ZH_TW: 'TW', KA_GE: 'GE', HY: 'AM', AZ: 'AZ', LV: 'LV',
};

function* ofLocale(faker, country) {
  const person = faker.person;
  yield ['person_name', person.fullName()];
  yield ['person_name', person.firstName()];
  yield ['person_name', `${person.lastName()}, ${person.firstName()} ${person.middleName()}`];
  yield ['email', faker.internet.email()];
  const named = { firstName: person.firstName(), allowSpecialCharacters: true };
  yield ['email', faker.internet.email(named)];
  yield ['email', faker.internet.exampleEmail()];
  const location = faker.location;
  const town = `${location.zipCode()} ${location.city()}`;
  yield ['postal_address', `${location.streetAddress(true)}, ${town}, ${country}`];
  yield ['postal_address', `${location.streetAddress()} ,  ${town},${country.toLowerCase()}`];
  const born = faker.date.birthdate({ mode: 'age', min: 0, max: 120 });
  yield ['date_of_birth', born.toISOString().slice(0, 10)];
}

export function* people(_, { fakers }) {
  for (const [locale, country] of Object.entries(LOCALES)) {
    for (let count = 0; count < 60; ++count) yield* ofLocale(fakers[locale], country);
  }
}
