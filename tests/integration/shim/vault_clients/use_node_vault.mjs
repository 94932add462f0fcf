// What an application does with node-vault, npm's client of Vault, unmodified: against the shim.
//
// Usage: node use_node_vault.mjs DIRECTORY URL TOKEN; NODE_EXTRA_CA_CERTS names the authority
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [directory, endpoint, token] = process.argv.slice(2);
const vault = createRequire(`${directory}/`)('node-vault')({ apiVersion: 'v1', endpoint, token });
const b64 = (text) => Buffer.from(text).toString('base64');

async function refused(status, words, promise) {
  const error = await promise.then(
    () => assert.fail(`not refused: ${words}`),
    (reason) => reason,
  );
  assert.equal(error.response?.statusCode, status, error.message);
  assert.ok(error.message.includes(words), `${words} is not in ${error.message}`);
  return error.response.body;
}

assert.equal((await vault.health()).sealed, false);
assert.equal((await vault.status()).initialized, true);
assert.ok('transit/' in (await vault.mounts()).data);
assert.equal((await vault.tokenLookupSelf()).data.renewable, false);
await vault.tokenRenewSelf();

await refused(400, 'encryption key not found', vault.encryptData({ name: 'node-key', plaintext: b64('hello') }));
await vault.write('transit/keys/node-key', {});
const { ciphertext } = (await vault.encryptData({ name: 'node-key', plaintext: b64('hello') })).data;
assert.match(ciphertext, /^vault:v1:/);
assert.equal((await vault.decryptData({ name: 'node-key', ciphertext })).data.plaintext, b64('hello'));

await vault.write('transit/keys/node-key/rotate', {});
const again = (await vault.write('transit/rewrap/node-key', { ciphertext })).data.ciphertext;
assert.match(again, /^vault:v2:/);

const batch = { batch_input: [{ plaintext: b64('a') }, { plaintext: b64('b') }] };
const sealed = (await vault.write('transit/encrypt/node-key', batch)).data.batch_results;
const opened = (await vault.write('transit/decrypt/node-key', {
  batch_input: sealed.map((one) => ({ ciphertext: one.ciphertext })),
})).data.batch_results;
assert.deepEqual(opened.map((one) => one.plaintext), [b64('a'), b64('b')]);

// Of a batch that fails in part, the body has the results; or the answer is 200, if that is asked for.
const mixed = [{ ciphertext: again }, { ciphertext: 'vault:v1:AAAA' }];
const body = await refused(400, '', vault.write('transit/decrypt/node-key', { batch_input: mixed }));
assert.equal(body.data.batch_results[0].plaintext, b64('hello'));
assert.equal(body.data.batch_results[1].plaintext, '');
const partly = await vault.write('transit/decrypt/node-key', {
  batch_input: mixed, partial_failure_response_code: 200,
});
assert.match(partly.data.batch_results[1].error, /message authentication failed/);

assert.ok((await vault.list('transit/keys')).data.keys.includes('node-key'));
await refused(400, 'deletion is not allowed for this key', vault.delete('transit/keys/node-key'));
vault.token = 'wrong';
await refused(403, 'permission denied', vault.list('transit/keys'));
console.log('node-vault: all as it should be');
