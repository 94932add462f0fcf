#!/usr/bin/env python3
"""The fake Vault must be one to a client that does not know it is none.

Usage: hvac_check.py FAKE_VAULT
"""
import base64
import subprocess
import sys
import unittest

import hvac

FAKE = sys.argv.pop()


def b64(text):
    return base64.b64encode(text.encode()).decode()


class HvacTest(unittest.TestCase):
    def setUp(self):
        self.fake = subprocess.Popen([FAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, token = self.fake.stdout.readline().split()
        self.client = hvac.Client(url=self.url, token=token)
        self.transit = self.client.secrets.transit

    def tearDown(self):
        self.fake.communicate()
        self.assertEqual(self.fake.returncode, 0)

    def test_system(self):
        self.assertTrue(self.client.sys.is_initialized())
        self.assertFalse(self.client.sys.is_sealed())
        self.assertEqual(self.client.sys.read_health_status(method="GET")["sealed"], False)
        self.assertEqual(self.client.sys.read_health_status().status_code, 200)

    def test_tokens(self):
        self.assertTrue(self.client.is_authenticated())
        self.client.token = "s.no-such-token"
        self.assertFalse(self.client.is_authenticated())
        with self.assertRaises(hvac.exceptions.Forbidden):
            self.transit.read_key("k")

    def test_app_role(self):
        with self.assertRaises(hvac.exceptions.InvalidRequest):
            self.client.auth.approle.login("role-1", "secret-2")
        auth = self.client.auth.approle.login("role-1", "secret-1")["auth"]
        self.assertEqual(self.client.token, auth["client_token"])
        self.assertEqual(self.client.auth.token.renew_self()["auth"]["lease_duration"], 3600)
        self.assertEqual(self.client.auth.token.lookup_self()["data"]["ttl"], 3600)

    def test_kubernetes(self):
        auth = self.client.auth.kubernetes.login("pod", "a.b.c")["auth"]
        self.assertTrue(auth["renewable"])
        self.assertTrue(self.client.is_authenticated())

    def test_keys(self):
        with self.assertRaises(hvac.exceptions.InvalidPath):
            self.transit.list_keys()
        self.transit.create_key("k")
        self.transit.create_key("l")
        self.assertEqual(self.transit.list_keys()["data"]["keys"], ["k", "l"])
        self.transit.rotate_key("k")
        self.assertEqual(self.transit.read_key("k")["data"]["latest_version"], 2)
        with self.assertRaises(hvac.exceptions.InvalidPath):
            self.transit.read_key("m")
        with self.assertRaisesRegex(hvac.exceptions.InvalidRequest, "deletion is not allowed"):
            self.transit.delete_key("k")
        self.transit.update_key_configuration("k", deletion_allowed=True)
        self.transit.delete_key("k")
        self.assertEqual(self.transit.list_keys()["data"]["keys"], ["l"])

    def test_values(self):
        self.transit.create_key("k")
        one = self.transit.encrypt_data("k", b64("secret"))["data"]["ciphertext"]
        self.assertTrue(one.startswith("vault:v1:"))
        self.transit.rotate_key("k")
        two = self.transit.rewrap_data("k", one)["data"]["ciphertext"]
        self.assertTrue(two.startswith("vault:v2:"))
        for text in (one, two):
            self.assertEqual(self.transit.decrypt_data("k", text)["data"]["plaintext"], b64("secret"))
        self.transit.update_key_configuration("k", min_decryption_version=2)
        with self.assertRaisesRegex(hvac.exceptions.InvalidRequest, "too old"):
            self.transit.decrypt_data("k", one)
        with self.assertRaisesRegex(hvac.exceptions.InvalidRequest, "no prefix"):
            self.transit.decrypt_data("k", "x")
        altered = two[:-8] + ("AAAA" if two[-8:-4] != "AAAA" else "BBBB") + two[-4:]
        with self.assertRaisesRegex(hvac.exceptions.InvalidRequest, "authentication failed"):
            self.transit.decrypt_data("k", altered)

    def test_associated_data(self):
        self.transit.create_key("k")
        text = self.transit.encrypt_data("k", b64("x"), associated_data=b64("a"))["data"]["ciphertext"]
        opened = self.transit.decrypt_data("k", text, associated_data=b64("a"))
        self.assertEqual(opened["data"]["plaintext"], b64("x"))
        with self.assertRaisesRegex(hvac.exceptions.InvalidRequest, "authentication failed"):
            self.transit.decrypt_data("k", text, associated_data=b64("b"))

    def test_namespaces(self):
        self.transit.create_key("k")
        other = hvac.Client(url=self.url, token=self.client.token, namespace="team")
        with self.assertRaises(hvac.exceptions.InvalidPath):
            other.secrets.transit.read_key("k")

    def test_unknown_paths(self):
        with self.assertRaisesRegex(hvac.exceptions.InvalidPath, "no handler for route"):
            self.client.secrets.transit.read_key("k", mount_point="elsewhere")


if __name__ == "__main__":
    unittest.main()
