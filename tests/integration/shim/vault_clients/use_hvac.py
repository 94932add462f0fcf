"""What an application does with hvac, PyPI's client of Vault, unmodified: against the shim.

Usage: use_hvac.py URL CA_FILE TOKEN
"""
import base64
import sys

import hvac
import hvac.exceptions


def b64(text):
    return base64.b64encode(text.encode()).decode()


def refused(error, words, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except error as found:
        assert words in str(found), f"{words!r} is not in {found!s}"
        return found
    raise AssertionError(f"not refused: {words}")


def main(url, ca_file, token):
    client = hvac.Client(url=url, token=token, verify=ca_file)
    assert client.is_authenticated()
    assert client.sys.is_initialized() and not client.sys.is_sealed()
    assert "transit/" in client.sys.list_mounted_secrets_engines()["data"]
    client.auth.token.renew_self()
    assert not hvac.Client(url=url, token="wrong", verify=ca_file).is_authenticated()
    transit = client.secrets.transit

    # Nothing is made by a typing error.
    refused(hvac.exceptions.InvalidRequest, "encryption key not found",
            transit.encrypt_data, name="hvac-key", plaintext=b64("hello"))
    refused(hvac.exceptions.InvalidPath, "", transit.read_key, name="hvac-key")
    transit.create_key(name="hvac-key")
    transit.create_key(name="hvac-key")  # as it is
    key = transit.read_key(name="hvac-key")["data"]
    assert (key["type"], key["latest_version"], list(key["keys"])) == ("aes256-gcm96", 1, ["1"])
    names = transit.list_keys()["data"]["keys"]
    assert "hvac-key" in names and "hvac-key.hmac" not in names, names
    refused(hvac.exceptions.InvalidRequest, "derived",
            transit.create_key, name="other", derived=True, convergent_encryption=True)

    first = transit.encrypt_data(name="hvac-key", plaintext=b64("hello"))["data"]["ciphertext"]
    assert first.startswith("vault:v1:"), first
    opened = transit.decrypt_data(name="hvac-key", ciphertext=first)["data"]["plaintext"]
    assert opened == b64("hello")
    bound = transit.encrypt_data(name="hvac-key", plaintext=b64("x"), context=b64("row 1"),
                                 associated_data=b64("column"))["data"]["ciphertext"]
    assert transit.decrypt_data(name="hvac-key", ciphertext=bound, context=b64("row 1"),
                                associated_data=b64("column"))["data"]["plaintext"] == b64("x")
    for wrong in ({}, {"context": b64("row 2"), "associated_data": b64("column")}):
        refused(hvac.exceptions.InvalidRequest, "message authentication failed",
                transit.decrypt_data, name="hvac-key", ciphertext=bound, **wrong)

    transit.rotate_key(name="hvac-key")
    assert transit.read_key(name="hvac-key")["data"]["latest_version"] == 2
    second = transit.rewrap_data(name="hvac-key", ciphertext=first)["data"]["ciphertext"]
    assert second.startswith("vault:v2:")
    # The version that is written must be that of the envelope.
    refused(hvac.exceptions.InvalidRequest, "message authentication failed",
            transit.decrypt_data, name="hvac-key", ciphertext=second.replace("v2", "v1", 1))
    refused(hvac.exceptions.InvalidRequest, "version is too new",
            transit.decrypt_data, name="hvac-key", ciphertext=second.replace("v2", "v9", 1))
    refused(hvac.exceptions.InvalidRequest, "no prefix",
            transit.decrypt_data, name="hvac-key", ciphertext="hello")
    transit.update_key_configuration(name="hvac-key", min_decryption_version=2)
    refused(hvac.exceptions.InvalidRequest, "disallowed by policy (too old)",
            transit.decrypt_data, name="hvac-key", ciphertext=first)
    refused(hvac.exceptions.InvalidRequest, "less than the minimum",
            transit.encrypt_data, name="hvac-key", plaintext=b64("x"), key_version=1)

    # A batch of which some fail: the results survive in the exception.
    batch = [{"plaintext": b64("a"), "reference": "one"}, {"plaintext": "!", "reference": "two"}]
    failed = refused(hvac.exceptions.InvalidRequest, "", transit.encrypt_data, name="hvac-key",
                     batch_input=batch)
    results = failed.json["data"]["batch_results"]
    assert results[0]["ciphertext"].startswith("vault:v2:") and results[0]["reference"] == "one"
    assert "base64" in results[1]["error"] and results[1]["reference"] == "two"
    refused(hvac.exceptions.InvalidRequest, "missing batch input to process",
            transit.encrypt_data, name="hvac-key", batch_input=[])
    rewrapped = transit.rewrap_data(name="hvac-key", ciphertext=None, batch_input=[
        {"ciphertext": second}, {"ciphertext": "vault:v1:AAAA"}])["data"]["batch_results"]
    assert rewrapped[0]["ciphertext"].startswith("vault:v2:") and "error" in rewrapped[1]

    mac = transit.generate_hmac(name="hvac-key", hash_input=b64("m"))["data"]["hmac"]
    assert mac == transit.generate_hmac(name="hvac-key", hash_input=b64("m"))["data"]["hmac"]
    valid = transit.verify_signed_data(name="hvac-key", hash_input=b64("m"), hmac=mac)
    assert valid["data"]["valid"] is True
    valid = transit.verify_signed_data(name="hvac-key", hash_input=b64("n"), hmac=mac)
    assert valid["data"]["valid"] is False

    made = transit.generate_data_key(name="hvac-key", key_type="plaintext")["data"]
    assert len(base64.b64decode(made["plaintext"])) == 32
    assert transit.decrypt_data(name="hvac-key", ciphertext=made["ciphertext"])["data"][
        "plaintext"] == made["plaintext"]
    assert "plaintext" not in transit.generate_data_key(
        name="hvac-key", key_type="wrapped")["data"]
    random = transit.generate_random_bytes(n_bytes=5000, output_format="hex")["data"]
    assert len(random["random_bytes"]) == 10000

    refused(hvac.exceptions.InvalidRequest, "deletion is not allowed for this key",
            transit.delete_key, name="hvac-key")
    transit.update_key_configuration(name="hvac-key", deletion_allowed=True)
    transit.delete_key(name="hvac-key")
    refused(hvac.exceptions.InvalidPath, "", transit.read_key, name="hvac-key")
    refused(hvac.exceptions.InvalidPath, "no handler for route",
            transit.sign_data, name="hvac-key", hash_input=b64("m"))
    print("hvac: all as it should be")


if __name__ == "__main__":
    main(*sys.argv[1:])
