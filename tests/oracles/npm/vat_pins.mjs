// VAT numbers: what stdnum and jsvat are known to differ in. VIES: the Commission's structure of
// VAT numbers; the rules: its construction rules, version 15.0.
import { refuses, takes } from './pin.mjs';

const STRUCTURE = ['eu_vat.structure'];
const PARTS = ['eu_vat.parts'];
const CHECK = ['eu_vat.check_digit'];

const stdnumTakes = (name, values, rules) => takes('stdnum', 'eu_vat', name, values, rules);
const stdnumRefuses = (name, values) => refuses('stdnum', 'eu_vat', name, values);
const jsvatTakes = (name, values, rules) => takes('jsvat', 'eu_vat', name, values, rules);
const jsvatRefuses = (name, values) => refuses('jsvat', 'eu_vat', name, values);

const STDNUM_PINS = [
  // VIES: 10 digits, the first 0 or 1, the second not 0 behind a 0.
  stdnumTakes('BE first digits', /BE([2-9]|00)\d*|BE\d{9}/, STRUCTURE),
  // NRA: the register's numbers begin with any digit.
  stdnumRefuses('BG companies from 4 to 8', /BG[4-8]\d{8}/),
  // The rules: 10 digits are of one of three sums. The oracle compares the third the wrong way.
  stdnumTakes('BG persons of no sum', /BG\d{10}/, CHECK),
  stdnumRefuses('BG persons of the third sum', /BG\d{10}/),
  // The rules: 12 at the front was never given.
  stdnumTakes('CY 12', /CY12.*/, PARTS),
  // The rules: of 9 digits with 6 at the front, the check digit is of a table.
  stdnumTakes('CZ special check digits', /CZ6\d{8}/, CHECK),
  stdnumRefuses('CZ special numbers', /CZ6\d{8}/),
  // Act 133/2000: months are 1 to 12, 50 more, and 20 more only since 2004; days are of the month.
  stdnumTakes('CZ dates', /CZ\d{9,10}/, PARTS),
  // Act 133/2000: 9 digits of 80 are of 1880.
  stdnumRefuses('CZ births of 1880', /CZ80\d{7}/),
  // The rules do not ask whether a day has come.
  stdnumRefuses('CZ births after today', /CZ[2-5]\d{9}/),
  // The rules: C1 is not 0.
  stdnumTakes('DE and DK zero in front', /(DE0\d{8}|DK0\d{7})/, STRUCTURE),
  // The rules: C1 C2 are 10.
  stdnumTakes('EE first digits', /EE(?!10)\d{9}/, STRUCTURE),
  // VIES: 9 digits.
  stdnumTakes('EL of 8 digits', /(EL|GR)\d{8}/, STRUCTURE),
  // The rules: which kinds of company have a letter and which a digit at the end.
  stdnumTakes('ES last character by kind', /ES([JUV]\d{7}[A-J]|[NPQRSW]\d{8})/, PARTS),
  // VIES: the second letter is A to I (or W, Revenue's of married women).
  stdnumTakes('IE second letter', /IE\d{7}[A-W][J-V]/, PARTS),
  // VIES: the old form ends with its check letter.
  stdnumTakes('IE old form with a second letter', /IE\d[A-Z+*]\d{5}[A-W]{2}/, STRUCTURE),
  // The rules: the first 7 digits are not all 0.
  stdnumTakes('IT zeros', /IT0{7}\d{4}/, PARTS),
  // No check digit of personal codes is published; those since 2017 hold no date.
  stdnumRefuses('LV personal codes', /LV[0-3]\d{10}/),
  // The rules: the check digits are 37 less a remainder, so 01 to 37; C1 is not 0.
  stdnumTakes('MT check digits over 37', /MT\d{6}(00|3[89]|[4-9]\d)/, CHECK),
  stdnumTakes('MT zero in front', /MT0\d{7}/, STRUCTURE),
  // Belastingdienst: suffixes are 01 to 99.
  stdnumTakes('NL suffix 00', /NL\d{9}B00/, PARTS),
  // VIES: 12 characters; the oracle puts zeros before fewer.
  stdnumTakes('NL of fewer digits', /NL\d{1,8}B\d\d/, STRUCTURE),
  // VIES: 2 to 10 digits; the oracle takes personal numbers of 13.
  stdnumTakes('RO personal numbers', /RO\d{13}/, STRUCTURE),
  // The rules: C11 C12 are 01 to 94.
  stdnumRefuses('SE numbers beside the first', /SE\d{10}(?!01)\d\d/),
  // FURS: a remainder of 0 is of no number; the first digit is not 0.
  stdnumTakes('SI remainder 0', /SI\d{7}1/, CHECK),
  stdnumTakes('SI zero in front', /SI0\d{7}/, STRUCTURE),
  // The rules: C3 is one of 2, 3, 4, 7, 8, 9; the oracle looks at C1.
  stdnumRefuses('SK third digit in the place of the first', /SK[156]\d{9}/),
  stdnumTakes('SK first digit in the place of the third', /SK[234789]\d[0156]\d{7}/, PARTS),
  // HMRC: 55 less, which leaves a remainder of 42 (the oracle takes 55 as well), and 97 is taken
  // off until the rest is negative, so to 97.
  stdnumTakes('XI remainder 55, check digits 98 and 99', /XI\d{9}(\d{3})?/, CHECK),
  // VIES: GD and HA have 3 digits; the oracle takes 8888, the digits and a check, and any letters.
  stdnumTakes('XI departments', /XI[A-Z]{2}(8888)?\d{3,5}/, STRUCTURE),
];

const JSVAT_PINS = [
  // FPS Economy: since 2023 the first digit may be 1; 9 digits are of the time before 2005.
  jsvatRefuses('BE first digit 1', /BE1\d{9}/),
  jsvatTakes('BE of 9 digits', /BE\d{9}/, STRUCTURE),
  // VIES: 8 digits and a letter; the first digits in use grow.
  jsvatRefuses('CY first digits', /CY[26-8]\d{7}[A-Z]/),
  // The rules: C1 of 8 digits is not 9.
  jsvatTakes('CZ companies with 9', /CZ9\d{7}/, PARTS),
  // Act 133/2000: dates are of the calendar; 9 digits until 1953, since the 1800s.
  jsvatTakes('CZ dates', /CZ\d{9,10}/, PARTS),
  jsvatRefuses('CZ births before 1900', /CZ[89]\d{8}/),
  // Act 133/2000: before 1985 a 0 may stand for a remainder of 10.
  jsvatRefuses('CZ remainder 10', /CZ\d{9}0/),
  // VIES: 8, 9 or 10 digits.
  jsvatTakes('CZ of more digits', /CZ\d{11,13}/, STRUCTURE),
  // The rules: C1 is not 0.
  jsvatTakes('DK and PT zero in front', /DK0\d{7}|PT0\d{8}/, STRUCTURE),
  // The rules: O is no kind of company.
  jsvatTakes('ES kind O', /ESO\d{7}./, PARTS),
  // PRH: a remainder of 1 is of no number.
  jsvatTakes('FI remainder 1', /FI\d{7}0/, CHECK),
  // INSEE: the SIREN has a Luhn digit. The rules: keys with letters are computed too.
  jsvatTakes('FR SIREN, and keys with letters', /FR[0-9A-Z]{2}\d{9}/, CHECK),
  // VIES: the first digit of the old form is any.
  jsvatRefuses('IE old form', /IE[0-6][A-Z+*]\d{5}[A-W]/),
  // Revenue: W behind the check letter, of married women.
  jsvatRefuses('IE second letter W', /IE\d{7}[A-W]W/),
  // The rules: offices are 001 to 100, 120, 121, 888 and 999.
  jsvatTakes('IT offices', /IT\d{7}1[0-9]{2}\d/, PARTS),
  // The rules: the check digit is 3 less the remainder, of which -1 is of no number.
  jsvatTakes('LV remainder 4', /LV[4-9]\d{9}0/, CHECK),
  jsvatRefuses('LV personal codes', /LV3[2-9]\d{9}|LV[0-3]\d{10}/),
  jsvatTakes('LV dates', /LV[0-3]\d{10}/, PARTS),
  // Belastingdienst: the 11-test of RSIN has no check digit for a remainder of 10; suffixes are 01
  // to 99.
  jsvatTakes('NL remainder 10', /NL\d{8}0B\d\d/, CHECK),
  jsvatTakes('NL suffix 00', /NL\d{9}B00/, PARTS),
  // Act on NIP: a remainder of 10 is of no number.
  jsvatTakes('PL remainder 10', /PL\d{9}0/, CHECK),
  // The rules: C11 C12 are 01 to 94.
  jsvatRefuses('SE numbers beside the first', /SE\d{10}(?!01)\d\d/),
  // The rules: C3 is one of 2, 3, 4, 7, 8, 9.
  jsvatTakes('SK third digit 6', /SK\d\d6\d{7}/, PARTS),
  // Directive 2006/112/EC: Great Britain is no state of the Union.
  jsvatTakes('GB', /GB.*/, ['eu_vat.country']),
  // Article 215: GR is the code; Greece may use EL.
  jsvatRefuses('GR', /GR\d{9}/),
];

export const VAT_PINS = [...STDNUM_PINS, ...JSVAT_PINS];
