# SPDX-License-Identifier: Apache-2.0
"""Certificates and the files that --cluster.tls-config names, made with openssl in a World's folder."""

import shutil
import subprocess

HAVE_OPENSSL = shutil.which("openssl") is not None

TLS_CONFIG = """\
tls_server_config:
  cert_file: {name}.crt
  key_file: {name}.key
  client_ca_file: {ca}.crt
  client_auth_type: RequireAndVerifyClientCert
tls_client_config:
  ca_file: {ca}.crt
  cert_file: {name}.crt
  key_file: {name}.key
"""


def openssl(world, *args):
    subprocess.run(["openssl", *args], cwd=world.folder, check=True, capture_output=True)


def make_ca(world, ca):
    openssl(world, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca + ".key", "-out", ca + ".crt",
            "-subj", "/CN=" + ca, "-days", "2")


def make_tls_config(world, name, ca):
    """A certificate for 127.0.0.1 signed by `ca`, and the path of the configuration that demands the same of peers."""
    openssl(world, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
            "-subj", "/CN=" + name)
    world.write(name + ".ext", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl(world, "x509", "-req", "-in", name + ".csr", "-CA", ca + ".crt", "-CAkey", ca + ".key", "-CAcreateserial",
            "-days", "2", "-extfile", name + ".ext", "-out", name + ".crt")
    return world.write(name + ".tls.yml", TLS_CONFIG.format(name=name, ca=ca))
