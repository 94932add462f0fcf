// Our own verdicts, of the programs beside.
import { spawnSync } from 'node:child_process';

// The answer of `program` to each line.
export function ask(program, lines) {
  const input = lines.map((line) => `${line}\n`).join('');
  const run = spawnSync(program, [], { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (run.error) throw run.error;
  const answers = run.stdout.split('\n').slice(0, -1);
  if (run.status !== 0 || answers.length !== lines.length) {
    throw new Error(`${program}: code ${run.status}, ${answers.length} answers to ` +
      `${lines.length} lines; ${run.stderr}`);
  }
  return answers;
}

// What field_check makes of each [format, value]: { rule } of what is refused, else
// { canonical, masked, binLast4, brand }.
export function judge(fieldCheck, pairs) {
  const answers = ask(fieldCheck, pairs.map(([format, value]) => `${format}\t${value}`));
  return answers.map((answer) => {
    if (answer === '?') throw new Error('field_check does not know a format');
    const [ok, canonical, masked, binLast4, brand] = answer.split('\t');
    return ok === 'ok' ? { rule: null, canonical, masked, binLast4, brand } : { rule: ok };
  });
}
