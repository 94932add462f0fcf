// Where an oracle is known to differ from the issuing agency, whose rule we follow and each pin
// names. A pin that no candidate meets is an error.
import { PRINTED_SSNS } from './numbers.mjs';
import { VAT_PINS } from './vat_pins.mjs';
import { refuses, takes } from './pin.mjs';

// SWIFT's registry has no lines of these. Those of the franc zone and their like are known to be
// used, from lists of others; territories have accounts of the state that they belong to.
const NOT_OF_REGISTRY = 'AO|BF|BJ|CF|CG|CI|CM|CV|DZ|GA|GQ|GW|IR|KM|MA|MG|ML|MZ|NE|SN|TD|TG';
const TERRITORIES = 'AX|BL|GF|GP|MF|MQ|NC|PF|PM|RE|TF|WF|YT';

function onlyNationalCheckFails(value, { ibantools }) {
  const { errorCodes } = ibantools.validateIBAN(value);
  return errorCodes.length === 1 &&
    errorCodes[0] === ibantools.ValidationErrorsIBAN.WrongAccountBankBranchChecksum;
}

// Whether libphonenumber makes the number ours without a national prefix.
function dropsPrefix(value, { phone }) {
  const { countryCallingCode, nationalNumber } = phone.parsePhoneNumberFromString(value);
  const digits = value.replace(/\D/g, '');
  return digits.length > (countryCallingCode + nationalNumber).length &&
    digits.startsWith(countryCallingCode) && digits.endsWith(nationalNumber);
}

const DOMESTIC = ['elo', 'hiper', 'hipercard', 'mir', 'naranja', 'troy', 'verve'];

const CARD_PINS = [
  // ISO/IEC 7812-1: 10 to 19 digits. A domestic network's number counts as the network's of the
  // range, or as that of one that we do not know; the oracle knows of 16 digits.
  refuses('card-validator', 'pan', 'lengths of domestic networks', (value, { cardValidator }) =>
    DOMESTIC.includes(cardValidator.number(value).card.type)),
  // JCB: 1800 and 2131 are of 15 digits where they are old.
  refuses('card-validator', 'pan', 'JCB of 15 digits', /(1800|2131)\d{11}/),
  // The networks: 60 to 62, 64 to 66, 68 and 69 have RuPay, UnionPay, Discover and domestic ones,
  // and no more than ISO's 10 to 19 digits is known of the rest. The oracle has all of 6 as
  // Maestro's, of 12 to 19 digits, that it knows no other network of.
  refuses('card-validator', 'pan', '10 and 11 digits as Maestro', /6\d{9,10}/),
  takes('card-validator', 'pan', 'UnionPay of 12 and 13 digits as Maestro', /62\d{10,11}/,
    ['pan.brand_length']),
  refuses('credit-card-type', 'pan', 'all of 6 as Maestro', (value, { cardValidator }) =>
    value.startsWith('6') && cardValidator.number(value).card.type === 'maestro'),
];

const NUMBER_PINS = [
  // SSA, POMS RM 10201.035: no serial number is 0000.
  takes('stdnum', 'ssn', 'SSN serial 0000', /.*0000/, ['ssn.serial']),
  // SSA, POMS RM 10201.035 lists none of these as invalid.
  refuses('stdnum', 'ssn', 'SSNs in print', (value) =>
    PRINTED_SSNS.includes(value.replaceAll('-', ''))),
  // HMRC, NIM39110: the suffix is part of the number; no space is.
  takes('stdnum', 'nino', 'NINO without suffix', /[A-Z]{2}\d{6}/, ['nino.structure']),
  takes('stdnum', 'nino', 'NINO with a space for a suffix', /[A-Z]{2}\d{6} /, ['nino.characters']),
  // ISO 13616-1: the registry has structures; check digits within a BBAN are the banks' own, and
  // not all of their numbers have them.
  refuses('ibantools', 'iban', 'check digits within the BBAN', onlyNationalCheckFails),
  takes('ibantools', 'iban', 'countries outside of the registry',
    new RegExp(`(${NOT_OF_REGISTRY}).*`), ['iban.country']),
  takes('ibantools', 'iban', 'territories', new RegExp(`(${TERRITORIES}).*`), ['iban.country']),
  // SWIFT, IBAN Registry, release 101: BY and DO have 4!c, PK 16!c and PS 21!c.
  refuses('ibantools', 'iban', 'letters of the BBAN', /(BY|DO|PK|PS).*/),
  // There too: GE has 2!a, IE, PK, PS and VG 4!a, and the sixth of TR is n.
  takes('ibantools', 'iban', 'digits in the place of letters, and back', /(GE|IE|PK|PS|TR|VG).*/,
    ['iban.structure']),
];

const PHONE_PINS = [
  // E.164: numbers are at most 15 digits. Ours are 7 at least; the oracle has fewer of plans that
  // set no lower bound (Germany, Austria).
  takes('libphonenumber', 'phone', 'over 15 or under 7 digits', /\+(\d ?){3,6}|\+(\d[ -]?){16,}/,
    ['phone.digits']),
  // E.123: a slash stands between two numbers.
  takes('libphonenumber', 'phone', 'slash', /.*\/.*/, ['phone.characters']),
  // ITU-T's list has 379 for the Vatican, which uses 39.
  refuses('libphonenumber country code', 'phone', '379', /\+379.*/),
  // E.164: no national prefix is part of a number. Which digits are one is of national plans, so
  // we keep what was written, but for (0), which we refuse.
  refuses('libphonenumber E.164', 'phone', 'national prefixes', dropsPrefix),
  // E.164 knows no short forms. The oracle puts Norfolk Island's 3 and Madagascar's 20 before
  // numbers as they are dialled there.
  refuses('libphonenumber E.164', 'phone', 'area codes left out', /\+(672\d{5}|261\d{7})/),
];

// Faker's addresses: what it makes up for want of a country's rules.
const fakerPostcode = (name, country) => takes('faker', 'postal_address', `postcodes of ${name}`,
  new RegExp(`.*,${'\\s'}*(${country}|${country.toLowerCase()})`), ['postal_address.postcode']);

const FAKER_PINS = [
  fakerPostcode('GB, with C, I, K, M, O and V at the end (PAF)', 'GB'),
  fakerPostcode('CA, with D, F, I, O, Q and U (Canada Post)', 'CA'),
  fakerPostcode('IN, with 0 in front (India Post)', 'IN'),
  fakerPostcode('IE, with letters that no Eircode has', 'IE'),
  fakerPostcode('SK, the space behind two digits (UPU: three)', 'SK'),
  fakerPostcode('HU, as in the US (UPU: 4 digits)', 'HU'),
  fakerPostcode('GR, as in the US (UPU: 3 and 2 digits)', 'GR'),
  fakerPostcode('KR, of 6 digits (Korea Post: 5 since 2015)', 'KR'),
  fakerPostcode('LV, without its hyphen (UPU: LV-1010)', 'LV'),
];

export const PINS = [...CARD_PINS, ...NUMBER_PINS, ...VAT_PINS, ...PHONE_PINS, ...FAKER_PINS];
