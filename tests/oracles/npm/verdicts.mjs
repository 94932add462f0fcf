// What the packages say of a value: [oracle, format, says], where says(value, ours) is whether the
// oracle takes it (or agrees with what we make of it); undefined: it has nothing to say.

// Prefixes of VAT numbers, and stdnum's modules for them.
const STDNUM_VAT = {
  AT: 'uid', BE: 'vat', BG: 'vat', CY: 'vat', CZ: 'dic', DE: 'vat', DK: 'cvr', EE: 'kmkr',
  EL: 'vat', ES: 'nif', FI: 'alv', FR: 'tva', HR: 'oib', HU: 'anum', IE: 'vat', IT: 'iva',
  LT: 'pvm', LU: 'tva', LV: 'pvn', MT: 'vat', NL: 'btw', PL: 'nip', PT: 'nif', RO: 'cif',
  SE: 'vat', SI: 'ddv', SK: 'dph', XI: 'vat', GR: 'vat',
};
const STDNUM_COUNTRY = { EL: 'GR', XI: 'GB' };

// Names of brands, ours by theirs. Domestic networks count as the network of the range, so an
// oracle that names one has nothing to say of ours.
const BRANDS = {
  visa: 'visa', mastercard: 'mastercard', 'american-express': 'american_express',
  'diners-club': 'diners_club', discover: 'discover', jcb: 'jcb', unionpay: 'unionpay',
  maestro: 'maestro',
};

export function verdicts({ stdnum, cardValidator, jsvat, ibantools, phone }) {
  const stdnumVat = (value) => {
    const country = value.slice(0, 2);
    const module = stdnum[STDNUM_COUNTRY[country] ?? country]?.[STDNUM_VAT[country]];
    // Without the prefix, which some modules do not know and others drop.
    return module === undefined ? undefined : module.validate(value.slice(2)).isValid;
  };
  // Numbers of a network that it does not know are as legal to us as those of one that it does.
  const pan = (value) => {
    const { card, isValid } = cardValidator.number(value, { luhnValidateUnionPay: true });
    return card === null ? undefined : isValid;
  };
  const brand = (value, ours) => {
    const theirs = BRANDS[cardValidator.number(value).card?.type];
    return ours.rule !== null || theirs === undefined ? undefined : theirs === ours.brand;
  };
  // Which numbers of a country are given out is no rule of ours, so it is asked of what it takes,
  // and whether it knows the country code of the rest.
  const possible = (value) => (phone.isPossiblePhoneNumber(value) ? true : undefined);
  const countryCode = (value, { rule }) => {
    if (rule !== null && rule !== 'phone.country_code') return undefined;
    const flaw = phone.validatePhoneNumberLength(value);
    return flaw === 'NOT_A_NUMBER' ? undefined : flaw !== 'INVALID_COUNTRY';
  };
  const e164 = (value, ours) => {
    const parsed = phone.parsePhoneNumberFromString(value);
    if (ours.rule !== null || parsed === undefined) return undefined;
    return parsed.number === ours.canonical;
  };
  return [
    ['card-validator', 'pan', pan],
    ['credit-card-type', 'pan', brand],
    ['stdnum', 'ssn', (value) => stdnum.US.ssn.validate(value).isValid],
    ['stdnum', 'ein', (value) => stdnum.US.ein.validate(value).isValid],
    ['stdnum', 'nino', (value) => stdnum.GB.nino.validate(value).isValid],
    ['stdnum', 'eu_vat', stdnumVat],
    // It knows no XI.
    ['jsvat', 'eu_vat', (value) => (value.startsWith('XI') ? undefined
      : jsvat.checkVAT(value, jsvat.countries).isValid)],
    ['ibantools', 'iban', (value) => ibantools.isValidIBAN(value)],
    ['libphonenumber', 'phone', possible],
    ['libphonenumber country code', 'phone', countryCode],
    ['libphonenumber E.164', 'phone', e164],
  ];
}
