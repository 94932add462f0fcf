// A pin: an oracle's known difference, and of which values. `values` is a pattern of whole values,
// or a function of a value and the packages.

function pin(oracle, format, name, values, says, rules) {
  const whole = values instanceof RegExp ? new RegExp(`^(?:${values.source})$`, 'u') : undefined;
  const fits = whole === undefined ? values : (value) => whole.test(value);
  return { oracle, format, name, fits, says, rules };
}

// The oracle takes what breaks one of these rules of ours.
export function takes(oracle, format, name, values, rules) {
  return pin(oracle, format, name, values, true, rules);
}

// The oracle refuses what we take.
export function refuses(oracle, format, name, values) {
  return pin(oracle, format, name, values, false, [null]);
}
